import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';
import type {Contract} from '../api/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {parseQuery} from './http-body.ts';
import {bearerOf} from './http-credential.ts';
import {asHttpError, errorResponse} from './http-errors.ts';
import type {HostRules} from './http-hosts.ts';
import type {EdgeLimits} from './http-limits.ts';
import type {Remotes} from './http-remote.ts';
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
  /** Whose sockets are counted together, and how many may be open at once; one more is answered 429. */
  readonly holder?: {readonly most: number; of(admitted: T): string} | undefined;
  admit(request: UpgradeRequest): Promise<T>;
  open(socket: WebSocket, admitted: T, request: UpgradeRequest): void;
}

interface Entry {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly contract: Contract;
  readonly route: SocketRoute<unknown>;
  readonly server: WebSocketServer;
  /** Open sockets by holder. */
  readonly open: Map<string, number>;
}

export interface Upgrades {
  add<T>(path: string, contract: Contract, route: SocketRoute<T>): void;
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly sockets: ReadonlySet<WebSocket>;
  close(): Promise<void>;
}

export interface UpgradeDeps {
  readonly hosts: HostRules;
  readonly limits: EdgeLimits;
  readonly remotes: Remotes;
  readonly log: HttpLog;
}

const ADMIT_MS = 5_000;
/** A socket is worth that many requests. */
const SOCKET_COST = 20;

export function createUpgrades({hosts, limits, remotes, log}: UpgradeDeps): Upgrades {
  const entries: Entry[] = [];
  const sockets = new Set<WebSocket>();
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    hosts.check(request.headers);
    const {entry, upgrade} = find(entries, request, remotes.of(request));
    if (!entry.route.isForBrowsers && request.headers.origin !== undefined) throw new BoxyardError('ORIGIN_REFUSED', {origin: 'a browser'});
    const admitted = await admit(limits, entry, upgrade);
    if (socket.destroyed) return;
    const release = count(entry, admitted);
    socket.once('close', release);
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

async function admit(limits: EdgeLimits, {route}: Entry, upgrade: UpgradeRequest): Promise<unknown> {
  const credential = bearerOf(upgrade.raw);
  limits.enter({remote: upgrade.remote, credential, cost: SOCKET_COST});
  if (credential === undefined) return within(route.admit(upgrade));
  try {
    const admitted = await within(route.admit(upgrade));
    limits.proved(credential, true);
    return admitted;
  } catch (error) {
    if (isBoxyardError(error) && error.code === 'UNAUTHENTICATED') limits.proved(credential, false);
    throw error;
  }
}

/** Counts the socket with its holder's others; the function returned counts it out, once. */
function count({route: {holder}, open}: Entry, admitted: unknown): () => void {
  if (holder === undefined) return () => undefined;
  const name = holder.of(admitted);
  const before = open.get(name) ?? 0;
  if (before >= holder.most) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'open sockets of one worker', retryAfter: 5});
  open.set(name, before + 1);
  return () => {
    const now = (open.get(name) ?? 1) - 1;
    if (now === 0) open.delete(name);
    else open.set(name, now);
  };
}

function compile(path: string, contract: Contract, route: SocketRoute<unknown>): Entry {
  const names = [...path.matchAll(/:(\w+)/g)].map(match => match[1]!);
  return {
    pattern: new RegExp(`^${path.replace(/:\w+/g, '([^/]{1,300})')}$`),
    names,
    contract,
    route,
    open: new Map(),
    server: new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: route.maxPayload,
      maxBufferedChunks: 16_384,
      maxFragments: 64,
      handleProtocols: offered => [...offered].find(each => /^boxyard\.(?!token\.|ticket\.)/.test(each)) ?? false,
    }),
  };
}

function find(entries: readonly Entry[], request: IncomingMessage, remote: string): {entry: Entry; upgrade: UpgradeRequest} {
  const url = request.url ?? '';
  if (!url.startsWith('/')) throw new BoxyardError('ORIGIN_REFUSED', {host: 'another server'});
  const path = url.split('?')[0]!;
  for (const entry of entries) {
    const match = entry.pattern.exec(path);
    if (match === null) continue;
    const params = Object.fromEntries(entry.names.map((name, at) => [name, decoded(match[at + 1]!)]));
    const query = (entry.contract.query?.parse(parseQuery(url)) ?? {}) as Record<string, unknown>;
    return {entry, upgrade: {params, query, raw: request, remote}};
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
