import {randomUUID} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {QueryIn, BodyIn, ResponseOf, RouteName} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {ERROR_TRAILER, decodeTrailer} from '../api/trailer.ts';
import {parseTicket} from '../config/invitation.ts';
import {createAttach, type AttachOptions, type Attachment} from './attach.ts';
import {followEvents, type EventItem, type FollowOptions} from './events.ts';
import {createLink, type Link} from './link.ts';
import {viewDisplay, type DisplayOptions} from './display.ts';
import {connectPort, type PortOptions} from './port.ts';
import {NotSent, namesIn, notUploaded} from './not-sent.ts';
import {queryOf} from './query.ts';
import {readText, send} from './request.ts';
import {createTerminal, type TerminalClient, type TerminalHandlers, type TerminalOptions} from './terminal.ts';

export interface ClientOptions {
  /** `http://127.0.0.1:4240`, `https://…`. Absent: the addresses of the token's line, whichever answers. */
  readonly server?: string | undefined;
  /** A `bxt_…` line or its secret part. */
  readonly token: string;
  /** Absent: the one in the token's line. */
  readonly fingerprint?: string | undefined;
  /** How long the head of an answer may take. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** A person named this address: that nobody listens there is `SERVER_UNREACHABLE`, not `NO_SERVER`. */
  readonly isNamed?: boolean | undefined;
  /** Nothing is sent that changes anything: the first such call rejects with `NotSent`, after asking whether what it names exists. */
  readonly isDryRun?: boolean | undefined;
  /** For the proxy variables; absent: no proxy. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

type Params<P extends string> = P extends `${string}/:${infer Name}/${infer Rest}`
  ? Name | Params<`/${Rest}`>
  : P extends `${string}/:${infer Name}`
    ? Name
    : never;
type Given<K extends RouteName> = {readonly [Name in Params<(typeof routes)[K]['path']>]: string} & ([BodyIn<K>] extends [undefined]
  ? unknown
  : {readonly body: BodyIn<K>}) &
  ([QueryIn<K>] extends [undefined] ? unknown : {readonly query?: QueryIn<K>});

/** `key`: idempotency key of a mutation; one is made where none is given, so that a lost answer can be asked for again. */
export interface CallOptions {
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly requestTimeoutMs?: number | undefined;
}
type Input<K extends RouteName> = Given<K> & CallOptions;

type Special =
  | 'events'
  | 'metrics'
  | 'jobsLogs'
  | 'jobsAttach'
  | 'jobsTerminal'
  | 'jobsOut'
  | 'jobsDisplay'
  | 'displayPage'
  | 'displayScript'
  | 'displayStyle'
  | 'devboxesPort'
  | 'uploads'
  | 'devboxesFilesGet'
  | 'devboxesFilesPut'
  | 'foldersGet'
  | 'foldersPut'
  | 'agents';
type JsonRoute = Exclude<RouteName, Special>;
type NeedsNothing<K extends RouteName> = Record<never, never> extends Given<K> ? true : false;

/** One method per route of /v1, named as in `api/routes`. All reject with BoxyardError; see that code's entry for what to do. */
export type Client = {
  readonly [K in JsonRoute]: NeedsNothing<K> extends true
    ? (input?: Input<K>) => Promise<ResponseOf<K>>
    : (input: Input<K>) => Promise<ResponseOf<K>>;
} & {
  /** The address in use; it may change until the first answer. */
  readonly server: string;
  metrics(options?: CallOptions): Promise<string>;
  /** Bytes of one stream from an offset; single consumer. Parts that are lost are left out: `attach` tells about them. */
  jobsLogs(input: Input<'jobsLogs'>): AsyncIterable<Uint8Array>;
  /** The tar of `--out`. */
  jobsOut(input: Input<'jobsOut'>): AsyncIterable<Uint8Array>;
  uploads(bytes: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<ResponseOf<'uploads'>>;
  /** A tar of a path in a DevBox. It breaks off where the copy does. */
  devboxesFilesGet(input: Input<'devboxesFilesGet'>): AsyncIterable<Uint8Array>;
  /** Resolves when the tar is unpacked. Sent once: where it rejects, a part may be there. */
  devboxesFilesPut(input: Input<'devboxesFilesPut'>, tar: AsyncIterable<Uint8Array>): Promise<ResponseOf<'devboxesFilesPut'>>;
  /** A tar of what lies at and below a path of a cluster's folders. */
  foldersGet(input: Input<'foldersGet'>): AsyncIterable<Uint8Array>;
  /** Resolves when what is in the tar is there, all of it. Sent once: where it rejects, nothing is. */
  foldersPut(input: Input<'foldersPut'>, tar: AsyncIterable<Uint8Array>): Promise<ResponseOf<'foldersPut'>>;
  /** Facts and gauges, going on after a lost connection where it stopped, until the signal aborts. */
  events(options?: FollowOptions): AsyncIterable<EventItem>;
  /** Output (and stdin) of a job until its end, through lost connections. */
  attach(options: AttachOptions): Attachment;
  /** The terminal of a command that has one, through lost connections, until the command's end or `close`. */
  terminal(options: TerminalOptions, handlers: TerminalHandlers): TerminalClient;
  /** Carries one connection between `local` and a port inside a DevBox; see `connectPort`. */
  connectPort(options: PortOptions, local: Duplex): Promise<void>;
  /** Looks on at a display, whose RFB is carried to and from `local`; see `viewDisplay`. */
  viewDisplay(options: DisplayOptions, local: Duplex): Promise<void>;
  close(): void;
};

export function createClient(options: ClientOptions): Client {
  const link = linkOf(options);
  const {isDryRun = false} = options;
  const names = Object.keys(routes) as RouteName[];
  const callOf = (name: RouteName) => (input?: Loose) =>
    isDryRun && routes[name].method !== 'GET' ? dontCall(link, name, input) : callJson(link, name, input);
  const putTar = async (name: 'devboxesFilesPut' | 'foldersPut', input: Loose, tar: AsyncIterable<Uint8Array>) => {
    if (isDryRun) return dontCall(link, name, input);
    const headers = {'content-type': 'application/x-tar'};
    const path = pathOf(name, input) + queryOf(input.query);
    const options = {method: 'PUT', path, headers, body: tar, isRepeatable: false, signal: input.signal};
    return JSON.parse(await readText(await send(link, {...options, timeoutMs: input.requestTimeoutMs ?? COPY_MS})));
  };
  const methods = Object.fromEntries(names.map(name => [name, callOf(name)]));
  return {
    ...(methods as unknown as {readonly [K in JsonRoute]: never}),
    get server() {
      return link.url.origin;
    },
    metrics: async given => readText(await call(link, 'metrics', given)),
    jobsLogs: input => bytesOf(call(link, 'jobsLogs', input)),
    jobsOut: input => bytesOf(call(link, 'jobsOut', input)),
    uploads: async (bytes, given) => {
      if (isDryRun) return notUploaded(bytes);
      const headers = {'content-type': 'application/octet-stream'};
      const options = {method: 'POST', path: routes.uploads.path, headers, body: bytes, isRepeatable: false, signal: given?.signal};
      return JSON.parse(await readText(await send(link, {...options, timeoutMs: given?.requestTimeoutMs ?? UPLOAD_MS})));
    },
    devboxesFilesGet: input => bytesOf(call(link, 'devboxesFilesGet', input)),
    devboxesFilesPut: (input, tar) => putTar('devboxesFilesPut', input, tar),
    foldersGet: input => bytesOf(call(link, 'foldersGet', input)),
    foldersPut: (input, tar) => putTar('foldersPut', input, tar),
    events: given => followEvents(link, given),
    attach: given => createAttach(link, given),
    terminal: (given, handlers) => createTerminal(link, given, handlers),
    viewDisplay: (given, local) => viewDisplay(link, given, local),
    connectPort: (given, local) => connectPort(link, given, local),
    close: () => link.close(),
  } as Client;
}

const UPLOAD_MS = 30 * 60_000;
/** Both ends notice a standstill; a copy that goes on has no time. */
const COPY_MS = 7 * 86_400_000;

/** The secret part, address and pin of whatever form of token was given. */
export function linkOf({server, token, fingerprint, requestTimeoutMs = 30_000, env = {}, isNamed = false}: ClientOptions): Link {
  const ticket = token.startsWith('bxt_') ? parseTicket(token, 'bxt') : undefined;
  const pin = fingerprint ?? ticket?.fingerprint;
  const servers = server === undefined ? (ticket?.addresses ?? ['127.0.0.1:4240']).map(each => addressOf(each, pin)) : [server];
  const isPinned = pin !== undefined && servers.every(each => each.startsWith('https:'));
  return createLink({
    servers,
    token: ticket?.secret ?? token,
    fingerprint: isPinned ? pin : undefined,
    timeoutMs: requestTimeoutMs,
    isNamed,
    env,
  });
}

/** An address of a ticket as a URL: one with a scheme is taken as it is. */
export const addressOf = (address: string, fingerprint: string | undefined): string =>
  address.includes('://') ? address : `${fingerprint === undefined ? 'http' : 'https'}://${address}`;

/** Mutations that make something new each time they are sent. */
const once: ReadonlySet<RouteName> = new Set([
  'tokensCreate',
  'invitationsCreate',
  'tenantsCreate',
  'webhooksCreate',
  'webhooksRotate',
  'webhooksTest',
  'webhooksRedeliver',
]);

type Loose = CallOptions & {readonly body?: unknown; readonly query?: object | undefined};

async function dontCall(link: Link, name: RouteName, input: Loose = {}): Promise<never> {
  for (const question of namesIn(name, input)) await callJson(link, question.ask, question.input);
  const {method} = routes[name];
  throw new NotSent({method, path: pathOf(name, input) + queryOf(input.query), idempotencyKey: input.key, body: input.body});
}

async function callJson(link: Link, name: RouteName, input: Loose = {}): Promise<unknown> {
  const text = await readText(await call(link, name, input));
  return text === '' ? undefined : JSON.parse(text);
}

function call(link: Link, name: RouteName, input: Loose = {}): Promise<IncomingMessage> {
  const {method} = routes[name];
  const isReading = method === 'GET';
  const key = input.key ?? (method === 'POST' ? randomUUID() : undefined);
  const query = queryOf(input.query);
  return send(link, {
    method,
    path: pathOf(name, input) + query,
    headers: {...(key === undefined ? {} : {'idempotency-key': key})},
    body: isReading || input.body === undefined ? undefined : JSON.stringify(input.body),
    signal: input.signal,
    timeoutMs: input.requestTimeoutMs,
    isRepeatable: !once.has(name),
  });
}

/** The route's path with its parameters filled in. */
const pathOf = (name: RouteName, input: object): string =>
  routes[name].path.replace(/:(\w+)/g, (_match, param: string) => encodeURIComponent(String((input as Record<string, unknown>)[param])));

async function* bytesOf(answer: Promise<IncomingMessage>): AsyncGenerator<Uint8Array> {
  const body = await answer;
  yield* body as AsyncIterable<Uint8Array>;
  const told = body.trailers[ERROR_TRAILER];
  const error = told === undefined ? undefined : decodeTrailer(told);
  if (error !== undefined) throw error;
}
