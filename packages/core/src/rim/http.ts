import fastify, {type FastifyInstance, type FastifyReply, type FastifyRequest} from 'fastify';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import type {WebSocket} from 'ws';
import {contracts, routes, type BodyOf, type Contract, type QueryOf, type ResponseOf, type Route, type RouteName} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Session} from '../services.ts';
import {parseJson, parseQuery, watchBody} from './http-body.ts';
import {createEntrance, type Entered, type Entrance, type Proof} from './http-entrance.ts';
import {asHttpError, dropTheRest, errorResponse, MAX_BODY_BYTES} from './http-errors.ts';
import {createHostRules, reachable, type Listening} from './http-hosts.ts';
import {createEdgeLimits, type EdgeLimitOptions} from './http-limits.ts';
import {openListener, type Listener, type Tls} from './http-listener.ts';
import {announced, readsTrailers, sendBytes} from './http-send.ts';
import {createRemotes} from './http-remote.ts';
import {createUpgrades, type SocketRoute} from './http-upgrades.ts';

export interface HttpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What `access` answers for every request: who it is, whether it may, and when that ends. */
export interface Gate {
  /** Rejects with `UNAUTHENTICATED`, `FORBIDDEN`, or `REDIS_UNAVAILABLE` within 2 s. */
  admit(bearer: string | undefined, verb: Route['verb']): Promise<Session>;
  /** Calls `end` once, within 5 s after the session's token was revoked or expired. Throws `TOO_MANY_REQUESTS` over the token's cap. */
  hold(session: Session, end: (error: BoxyardError) => void): () => void;
}

export interface HttpOptions {
  readonly gate: Gate;
  readonly log: HttpLog;
  readonly publicUrl?: string | undefined;
  /** How long a body may take, and an upload pause; milliseconds, 30 s. */
  readonly bodyMs?: number | undefined;
  /** Proxies whose `X-Forwarded-For` is believed: addresses or `network/bits`. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly limits?: EdgeLimitOptions | undefined;
  /** Told about every answered request, by the route's path. */
  readonly onAnswer?: ((route: string, status: number, seconds: number) => void) | undefined;
}

export interface ApiRequest<K extends RouteName> {
  readonly session: Session;
  readonly params: Readonly<Record<string, string>>;
  readonly body: BodyOf<K>;
  readonly query: QueryOf<K>;
  readonly headers: IncomingMessage['headers'];
  readonly remote: string;
  /** Of what was proved without a token, the sender's own. */
  readonly idempotencyKey: string | undefined;
  /** The route's own proof was taken in the place of a token. */
  readonly isProved: boolean;
  /** The raw body of a route that takes bytes. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Aborts when the client is gone, or its token. */
  readonly signal: AbortSignal;
  /** Takes the response over and sends its head; the route ends it. Ends with the token too. */
  stream(headers: Readonly<Record<string, string>>): ServerResponse;
  /** Sends what the iterable gives, at the client's pace; a failure is its trailer, or breaks it off, so that it never looks whole. */
  send(headers: Readonly<Record<string, string>>, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

export type ApiHandler<K extends RouteName> = (request: ApiRequest<K>) => Promise<(K extends 'metrics' ? string : ResponseOf<K>) | void>;

/**
 * The server's one door. Routes are added before `listen`; each is checked for Host, Origin, token and verb, and its input by
 * its row in `contracts`, before the handler runs.
 */
export interface Http {
  route<K extends RouteName>(name: K, handler: ApiHandler<K>, proof?: Proof): void;
  /** WebSocket routes; see `SocketRoute`. */
  socket<T>(name: RouteName, route: SocketRoute<T>): void;
  /** Port 0 picks one. `PORT_BUSY` where it is taken. May be called again for further addresses, also later. */
  listen(at: {readonly host: string; readonly port: number; readonly tls?: Tls | undefined}): Promise<Listening>;
  readonly listening: readonly Listening[];
  /** `host:port` (or the public URL) as tickets carry them. */
  addresses(isTlsOnly?: boolean): readonly string[];
  readonly sockets: ReadonlySet<WebSocket>;
  close(): Promise<void>;
}

const BODY_MS = 30_000;

export function createHttp(options: HttpOptions): Http {
  const hosts = createHostRules(options.publicUrl);
  const remotes = createRemotes(options.trustedProxies);
  const limits = createEdgeLimits(options.limits);
  const upgrades = createUpgrades({hosts, limits, remotes, log: options.log});
  const listeners: Listener[] = [];
  const doorway: Doorway = {
    gate: options.gate,
    admitted: new WeakSet(),
    entrance: createEntrance({gate: options.gate, limits, remotes}),
    remoteOf: remotes.of,
  };
  const app = createApp(options.log, doorway.entrance);
  const doors = {
    request: (incoming: IncomingMessage, outgoing: ServerResponse) => app.routing(incoming, outgoing),
    upgrade: upgrades.handle,
    isProxy: remotes.isProxy,
  };
  app.addHook('onRequest', async request => {
    watchBody(request.raw, options.bodyMs ?? BODY_MS, () => doorway.admitted.has(request));
    if (!request.raw.url?.startsWith('/')) throw new BoxyardError('ORIGIN_REFUSED', {host: 'another server'});
    hosts.check(request.raw.headers);
  });
  app.addHook('onResponse', async (request, reply) => {
    options.onAnswer?.(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1_000);
  });
  return {
    route: (name, handler, proof) => addRoute(app, doorway, {name, handler: handler as ApiHandler<RouteName>, proof}),
    socket: (name, route) => upgrades.add(routes[name].path, contracts[name], route),
    async listen(at) {
      await app.ready();
      const listener = await openListener(at, doors);
      listeners.push(listener);
      hosts.add(listener.listening);
      if (listener.isPlainNear) hosts.add({host: '127.0.0.1', port: listener.listening.port, isTls: false});
      return listener.listening;
    },
    get listening() {
      return listeners.map(each => each.listening);
    },
    addresses: (isTlsOnly = false) => (options.publicUrl === undefined ? reachableOf(listeners, isTlsOnly) : [options.publicUrl]),
    sockets: upgrades.sockets,
    async close() {
      await Promise.all([upgrades.close(), ...listeners.map(each => each.close())]);
      await app.close();
    },
  };
}

const reachableOf = (listeners: readonly Listener[], isTlsOnly: boolean) =>
  listeners.map(each => each.listening).flatMap(each => (isTlsOnly && !each.isTls ? [] : reachable(each)));

/** Bodies are checked by the contract's own schemas; the framework would load two compilers for routes that bring others. */
const notUsed = () => () => {
  throw new BoxyardError('INTERNAL', {}, {message: 'A route has a schema that nobody compiles.'});
};
const noCompilers = {buildValidator: notUsed, buildSerializer: notUsed};

function createApp(log: HttpLog, entrance: Entrance): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    routerOptions: {maxParamLength: 300},
    schemaController: {compilersFactory: noCompilers},
    frameworkErrors: (error, _request, reply) => sendError(reply, error, log),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', {parseAs: 'buffer'}, async (request: FastifyRequest, body: string | Buffer) => {
    const bytes = Buffer.from(body);
    await entrance.read(request, bytes);
    return bytes.length === 0 ? undefined : parseJson(bytes);
  });
  app.addContentTypeParser(['application/octet-stream', 'application/x-tar'], (_request, payload, done) => done(null, payload));
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, log));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      new BoxyardError('NOT_FOUND', {what: 'route', name: request.raw.url?.split('?')[0]?.slice(0, 100), list: '/v1/openapi.json'}),
      log,
    ),
  );
  return app;
}

function sendError(reply: FastifyReply, thrown: unknown, log: HttpLog): void {
  const error = asHttpError(thrown);
  if (error.code === 'INTERNAL') log.error({err: error.cause ?? error}, 'a request failed');
  if (error.code === 'BODY_TOO_LARGE') dropTheRest(reply);
  const {status, headers, body} = errorResponse(error);
  void reply.code(status).headers(headers).serializer(String).send(body);
}

interface Doorway {
  readonly gate: Gate;
  readonly entrance: Entrance;
  /** Requests that may send bytes for as long as they take. */
  readonly admitted: WeakSet<FastifyRequest>;
  readonly remoteOf: (raw: IncomingMessage) => string;
}

interface Added {
  readonly name: RouteName;
  readonly handler: ApiHandler<RouteName>;
  readonly proof: Proof | undefined;
}

function addRoute(app: FastifyInstance, {gate, entrance, admitted, remoteOf}: Doorway, {name, handler, proof}: Added): void {
  const {method, path, verb} = routes[name];
  const contract: Contract = contracts[name];
  app.route({
    method,
    url: path,
    onRequest: async request => {
      await entrance.enter(request, verb, proof);
      if (contract.takes !== undefined) admitted.add(request);
    },
    handler: async (request, reply) => {
      const entered = await entrance.entered(request);
      const scope = openScope(gate, entered.session, request.raw, reply);
      try {
        const answer = await handler(read(contract, request, {entered, scope, remote: remoteOf(request.raw)}));
        if (scope.isTaken()) return reply;
        return await answered(reply, contract, answer);
      } catch (error) {
        if (!scope.isTaken()) throw error;
        reply.raw.destroy();
        return reply;
      }
    },
  });
}

interface Scope {
  readonly signal: AbortSignal;
  stream(headers: Readonly<Record<string, string>>): ServerResponse;
  isTaken(): boolean;
}

function openScope(gate: Gate, session: Session, raw: IncomingMessage, reply: FastifyReply): Scope {
  const abort = new AbortController();
  let isTaken = false;
  // Also emitted after a complete answer, so that whatever listens to the signal is released in any case.
  reply.raw.once('close', () => abort.abort());
  return {
    signal: abort.signal,
    stream(headers) {
      const unhold = gate.hold(session, () => reply.raw.destroy());
      isTaken = true;
      reply.raw.once('close', unhold);
      reply.hijack();
      raw.setTimeout(0);
      reply.raw.writeHead(200, {'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers});
      reply.raw.flushHeaders();
      return reply.raw;
    },
    isTaken: () => isTaken,
  };
}

interface Asking {
  readonly entered: Entered;
  readonly scope: Scope;
  readonly remote: string;
}

function read(contract: Contract, request: FastifyRequest, {entered, scope, remote}: Asking): ApiRequest<RouteName> {
  if (contract.takes === undefined ? request.body instanceof Readable : !(request.body instanceof Readable))
    throw new BoxyardError('INVALID_INPUT', {field: 'content-type', issue: `expected ${contract.takes ?? 'application/json'}`});
  const query = parseQuery(request.raw.url ?? '');
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key)))
    throw new BoxyardError('INVALID_INPUT', {field: 'Idempotency-Key', issue: 'expected 1 to 200 printable characters'});
  if (contract.query === undefined && Object.keys(query).length > 0)
    throw new BoxyardError('INVALID_INPUT', {field: Object.keys(query)[0]?.slice(0, 40), issue: 'is not a known parameter'});
  return {
    session: entered.session,
    params: request.params as Record<string, string>,
    body: contract.body?.parse(request.body ?? {}) as never,
    query: contract.query?.parse(query) as never,
    headers: request.raw.headers,
    remote,
    idempotencyKey: entered.key ?? key,
    isProved: entered.key !== undefined,
    // Who refuses the rest of it still has an answer to give, on the same connection.
    bytes: contract.takes === undefined ? empty() : (request.body as Readable).iterator({destroyOnReturn: false}),
    signal: scope.signal,
    stream: scope.stream,
    send: (headers, bytes) => {
      // Where the length was said before, an answer that breaks off is short, and HTTP allows no trailer.
      const isTold = readsTrailers(request.raw) && headers['content-length'] === undefined;
      return sendBytes(scope.stream(isTold ? {...headers, ...announced} : headers), bytes, isTold);
    },
  };
}

/** A list as every list looks. */
export const pageOf = <T>({items, nextCursor}: {readonly items: readonly T[]; readonly nextCursor?: string | undefined}) => ({
  items: [...items],
  ...(nextCursor === undefined ? {} : {nextCursor}),
  schemaVersion: 1 as const,
});

async function* empty(): AsyncGenerator<Uint8Array> {}

async function answered(reply: FastifyReply, contract: Contract, answer: unknown): Promise<FastifyReply> {
  void reply.headers({'cache-control': 'no-store', 'x-content-type-options': 'nosniff'});
  if (contract.gives !== undefined && typeof answer === 'string') return reply.type(contract.gives).send(answer);
  if (answer === undefined) return reply.code(204).send();
  return reply
    .code(contract.status ?? 200)
    .type('application/json; charset=utf-8')
    .serializer(String)
    .send(JSON.stringify(answer));
}
