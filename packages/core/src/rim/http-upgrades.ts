import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';
import type {Contract} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {parseQuery} from './http-body.ts';
import {asHttpError, errorResponse} from './http-errors.ts';
import type {HostRules} from './http-hosts.ts';
import type {HttpLog} from './http.ts';

export interface UpgradeRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly raw: IncomingMessage;
  readonly remote: string;
}

/**
 * One WebSocket route. `admit` decides before the handshake is answered, within 5 s; what it rejects with becomes the HTTP
 * answer. `open` gets the socket, which already has an error handler, does not compress and takes no message over `maxPayload`.
 */
export interface SocketRoute<T> {
  readonly maxPayload: number;
  /** Browsers send an Origin; agents never do and are refused with one. */
  readonly isForBrowsers: boolean;
  admit(request: UpgradeRequest): Promise<T>;
  open(socket: WebSocket, admitted: T, request: UpgradeRequest): void;
}

interface Entry {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly contract: Contract;
  readonly route: SocketRoute<unknown>;
  readonly server: WebSocketServer;
}

export interface Upgrades {
  add<T>(path: string, contract: Contract, route: SocketRoute<T>): void;
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly sockets: ReadonlySet<WebSocket>;
  close(): Promise<void>;
}

const ADMIT_MS = 5_000;

export function createUpgrades({hosts, log}: {hosts: HostRules; log: HttpLog}): Upgrades {
  const entries: Entry[] = [];
  const sockets = new Set<WebSocket>();
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    hosts.check(request.headers);
    const {entry, upgrade} = find(entries, request);
    if (!entry.route.isForBrowsers && request.headers.origin !== undefined) throw new BoxyardError('ORIGIN_REFUSED', {origin: 'a browser'});
    const admitted = await within(entry.route.admit(upgrade));
    if (socket.destroyed) return;
    entry.server.handleUpgrade(request, socket, head, ws => {
      keep(ws, sockets);
      entry.route.open(ws, admitted, upgrade);
    });
  };
  return {
    add: (path, contract, route) => void entries.push(compile(path, contract, route as SocketRoute<unknown>)),
    handle(request, socket, head) {
      socket.on('error', () => socket.destroy());
      accept(request, socket, head).catch((thrown: unknown) => refuse(socket, thrown, log));
    },
    sockets,
    async close() {
      for (const ws of sockets) ws.close(1001);
      await gone(sockets);
      for (const entry of entries) entry.server.close();
    },
  };
}

function compile(path: string, contract: Contract, route: SocketRoute<unknown>): Entry {
  const names = [...path.matchAll(/:(\w+)/g)].map(match => match[1]!);
  return {
    pattern: new RegExp(`^${path.replace(/:\w+/g, '([^/]{1,300})')}$`),
    names,
    contract,
    route,
    server: new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: route.maxPayload,
      maxBufferedChunks: 16_384,
      maxFragments: 64,
      handleProtocols: offered => [...offered].find(each => each.startsWith('boxyard.') && !each.startsWith('boxyard.token.')) ?? false,
    }),
  };
}

function find(entries: readonly Entry[], request: IncomingMessage): {entry: Entry; upgrade: UpgradeRequest} {
  const url = request.url ?? '';
  if (!url.startsWith('/')) throw new BoxyardError('ORIGIN_REFUSED', {host: 'another server'});
  const path = url.split('?')[0]!;
  for (const entry of entries) {
    const match = entry.pattern.exec(path);
    if (match === null) continue;
    const params = Object.fromEntries(entry.names.map((name, at) => [name, decoded(match[at + 1]!)]));
    const query = (entry.contract.query?.parse(parseQuery(url)) ?? {}) as Record<string, unknown>;
    return {entry, upgrade: {params, query, raw: request, remote: request.socket.remoteAddress ?? ''}};
  }
  throw new BoxyardError('NOT_FOUND', {what: 'route', name: path.slice(0, 100), list: '/v1/openapi.json'});
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BoxyardError('INVALID_INPUT', {field: 'path', issue: 'not valid percent encoding'});
  }
}

function keep(ws: WebSocket, sockets: Set<WebSocket>): void {
  sockets.add(ws);
  ws.on('error', () => ws.terminate());
  ws.once('close', () => sockets.delete(ws));
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BoxyardError('REQUEST_TIMEOUT', {seconds: ADMIT_MS / 1000})), ADMIT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function refuse(socket: Duplex, thrown: unknown, log: HttpLog): void {
  const error = asHttpError(thrown);
  if (error.code === 'INTERNAL') log.error({err: error.cause ?? error}, 'an upgrade failed');
  if (socket.destroyed) return;
  const {status, headers, body} = errorResponse(error);
  const all = {...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body))};
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${head.join('')}\r\n${body}`);
}

async function gone(sockets: ReadonlySet<WebSocket>): Promise<void> {
  const deadline = Date.now() + 1_000;
  const {promise, resolve} = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (sockets.size > 0 && Date.now() < deadline) return;
    for (const ws of sockets) ws.terminate();
    clearInterval(timer);
    resolve();
  }, 20);
  return promise;
}
