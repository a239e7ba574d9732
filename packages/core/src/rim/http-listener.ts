import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {BoxyardError} from '../errors/index.ts';
import type {Listening} from './http-hosts.ts';

export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface Listener {
  readonly listening: Listening;
  close(): Promise<void>;
}

export interface Doors {
  request(incoming: IncomingMessage, outgoing: ServerResponse): void;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};

/** One address. `PORT_BUSY` where it is taken; no socket of it can bring the process down. */
export async function openListener(at: {host: string; port: number; tls?: Tls | undefined}, doors: Doors): Promise<Listener> {
  const server = at.tls === undefined ? createServer(limits) : createTlsServer({...limits, ...at.tls, minVersion: 'TLSv1.2'});
  server.on('request', doors.request);
  server.on('upgrade', doors.upgrade);
  server.on('clientError', (_error: Error, socket: Duplex) => refuse(socket));
  server.on('connection', socket => socket.on('error', () => socket.destroy()));
  server.on('secureConnection', socket => socket.on('error', () => socket.destroy()));
  await bound(server, at);
  const {address, port} = server.address() as AddressInfo;
  return {
    listening: {host: at.host === 'localhost' ? address : at.host, port, isTls: at.tls !== undefined},
    close: () => closed(server),
  };
}

function refuse(socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({error: {code: 'INVALID_INPUT', message: 'request: not valid HTTP.'}});
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function bound(server: Server, {host, port}: {host: string; port: number}): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
  server.once('error', onError);
  server.listen({host, port}, () => {
    server.off('error', onError);
    resolve();
  });
  return promise;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new BoxyardError('PORT_BUSY', {address: `${host}:${port}`, suggestion: `${host}:${port + 1}`});
  return new BoxyardError(
    'INVALID_INPUT',
    {field: 'listen', issue: `${host}:${port} cannot be listened on (${error.code})`},
    {cause: error},
  );
}

async function closed(server: Server): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), 500);
  await promise;
  clearTimeout(timer);
}
