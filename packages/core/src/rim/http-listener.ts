import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {BoxyardError} from '../errors/index.ts';
import {isLoopback, isWildcard, type Listening} from './http-hosts.ts';

export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface Listener {
  readonly listening: Listening;
  /** Also plain text, for peers on this machine. */
  readonly isPlainNear: boolean;
  close(): Promise<void>;
}

export interface Doors {
  request(incoming: IncomingMessage, outgoing: ServerResponse): void;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether the address is a proxy that was named: many people come from it. */
  isProxy(address: string): boolean;
}

/** Open connections of one address; one more is closed unread. Above what a site of 10,000 machines behind one address has. */
const mostConnections = 20_000;

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};

/**
 * One address. `PORT_BUSY` where it is taken; no socket of it can bring the process down. On all addresses at once
 * (`0.0.0.0`, `::`) with TLS, a peer on this machine may go on in plain text, so that what was set up before this machine
 * was opened to others keeps working; anyone else who does is cut off.
 */
export async function openListener(at: {host: string; port: number; tls?: Tls | undefined}, doors: Doors): Promise<Listener> {
  const isPlainNear = at.tls !== undefined && isWildcard(at.host);
  const main = prepared(at.tls === undefined ? createServer(limits) : secured(at.tls), doors);
  const near = isPlainNear ? prepared(createServer(limits), doors) : undefined;
  const server = near === undefined ? main : sorted(main, near);
  const sockets = new Set<Socket>();
  const hasRoom = countByAddress(doors);
  server.prependListener('connection', (socket: Socket) => {
    if (!hasRoom(socket)) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await bound(server, at);
  const {address, port} = server.address() as AddressInfo;
  return {
    listening: {host: at.host === 'localhost' ? address : at.host, port, isTls: at.tls !== undefined},
    isPlainNear,
    close: () => closed(server, near === undefined ? [main] : [main, near], sockets),
  };
}

function countByAddress({isProxy}: Doors): (socket: Socket) => boolean {
  const open = new Map<string, number>();
  return socket => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (isProxy(address)) return true;
    const count = (open.get(address) ?? 0) + 1;
    if (count > mostConnections) return false;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    return true;
  };
}

const secured = (tls: Tls) => createTlsServer({...limits, ...tls, minVersion: 'TLSv1.2'});

function prepared(server: Server, doors: Doors): Server {
  server.on('request', doors.request);
  server.on('upgrade', doors.upgrade);
  server.on('clientError', (_error: Error, socket: Duplex) => refuse(socket));
  server.on('connection', socket => socket.on('error', () => socket.destroy()));
  server.on('secureConnection', socket => socket.on('error', () => socket.destroy()));
  return server;
}

const FIRST_BYTE_MS = 15_000;
const TLS_HANDSHAKE = 0x16;

/** Looks at the first byte of each connection and hands it to the server that understands it. */
function sorted(secure: Server, near: Server): TcpServer {
  return createTcpServer({pauseOnConnect: false}, socket => {
    const late = setTimeout(() => socket.destroy(), FIRST_BYTE_MS);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => clearTimeout(late));
    socket.once('readable', () => {
      clearTimeout(late);
      const first = socket.read() as Buffer | null;
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) secure.emit('connection', socket);
      else if (isNear(socket)) near.emit('connection', socket);
      else socket.destroy();
    });
  });
}

const isNear = (socket: Socket) => isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''));

function refuse(socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({error: {code: 'INVALID_INPUT', message: 'request: not valid HTTP.'}});
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function bound(server: TcpServer, {host, port}: {host: string; port: number}): Promise<void> {
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
  if (error.code === 'EADDRINUSE')
    return new BoxyardError('PORT_BUSY', {address: `${host}:${port}`, hint: `Listen elsewhere: --listen ${host}:${port + 1}`});
  return new BoxyardError(
    'INVALID_INPUT',
    {field: 'listen', issue: `${host}:${port} cannot be listened on (${error.code})`},
    {cause: error},
  );
}

const CLOSE_MS = 500;

/** Lets answers under way finish for a moment, then ends every connection. */
async function closed(server: TcpServer, behind: readonly Server[], sockets: ReadonlySet<Socket>): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const each of behind) each.closeIdleConnections();
  const late = setTimeout(() => sockets.forEach(socket => socket.destroy()), CLOSE_MS);
  await promise;
  clearTimeout(late);
}
