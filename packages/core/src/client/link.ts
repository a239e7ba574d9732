import {createHash} from 'node:crypto';
import {Agent, type AgentOptions} from 'node:http';
import {Agent as TlsAgent} from 'node:https';
import {connect as connectPlain, isIP} from 'node:net';
import type {Duplex} from 'node:stream';
import {connect as connectTls, type TLSSocket} from 'node:tls';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {dialled} from './dialled.ts';
import {proxyFor, tunnel} from './proxy.ts';

export interface LinkOptions {
  /** `http://host:port` or `https://…`: the ways to one server, the likeliest first; at least one. */
  readonly servers: readonly string[];
  /** The secret of a token, without the rest of its line. */
  readonly token: string;
  /** Hex SHA-256 of the server's public key: nothing is sent to a server that shows another. */
  readonly fingerprint?: string | undefined;
  readonly timeoutMs: number;
  readonly isNamed?: boolean | undefined;
  /** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where the server is and how it is reached; one per client, shared by all its requests and sockets. */
export interface Link {
  /** The way in use; the first one until `ready`. */
  readonly url: URL;
  readonly token: string;
  readonly timeoutMs: number;
  readonly agent: Agent;
  /** Finds the way where there are several, before an address is named in a request. Rejects when none is the server's. */
  ready(): Promise<void>;
  /** A connection failed since, and the server may be found another way: worth trying again. */
  mayHaveMoved(): boolean;
  /** What a failed connection means to a person. */
  fault(error: unknown, signal?: AbortSignal): unknown;
  unreachable(cause: unknown): BoxyardError;
  close(): void;
}

export function createLink(options: LinkOptions): Link {
  const ways: Ways = {all: options.servers.map(server => new URL(server)), at: 0, isKnown: options.servers.length === 1};
  const agent = agentFor(ways, options);
  const unreachable = (cause: unknown) => unreachableAt(ways.all, cause, options.isNamed === true);
  const fault = (error: unknown, signal?: AbortSignal) => (isBoxyardError(error) || signal?.aborted === true ? error : unreachable(error));
  return {
    get url() {
      return ways.all[ways.at]!;
    },
    token: options.token,
    timeoutMs: options.timeoutMs,
    agent,
    ready: () => (ways.isKnown ? Promise.resolve() : find(ways, options).catch(error => Promise.reject(fault(error)))),
    mayHaveMoved: () => !ways.isKnown,
    unreachable,
    fault,
    close: () => {
      ways.spare?.destroy();
      agent.destroy();
    },
  };
}

function unreachableAt(urls: readonly URL[], cause: unknown, isNamed: boolean): BoxyardError {
  const code = (cause as NodeJS.ErrnoException).code;
  const isHere = urls.every(({hostname}) => hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'));
  if (isHere && !isNamed && code === 'ECONNREFUSED') return new BoxyardError('NO_SERVER', {}, {cause});
  const url = urls.map(each => each.origin).join(', ');
  return new BoxyardError('SERVER_UNREACHABLE', {url, why: code ?? (cause as Error).message}, {cause});
}

type Connected = (error: Error | null, socket?: Duplex) => void;

/** An agent whose connections go through the proxy and are compared with the pin before a byte of a request is written. */
function agentFor(ways: Ways, options: LinkOptions): Agent {
  const kept: AgentOptions = {keepAlive: true, maxSockets: 256, timeout: 0};
  const agent = ways.all[0]!.protocol === 'https:' ? new TlsAgent(kept) : new Agent(kept);
  const open = (_options: unknown, done?: Connected) => {
    connectOn(ways, options).then(
      socket => done?.(null, socket),
      (error: Error) => done?.(error),
    );
    return undefined;
  };
  Object.assign(agent, {createConnection: open});
  return agent;
}

interface Ways {
  readonly all: readonly URL[];
  at: number;
  isKnown: boolean;
  finding?: Promise<void> | undefined;
  /** The connection by which the way was found; the first request takes it. */
  spare?: Duplex | undefined;
}

async function connectOn(ways: Ways, options: LinkOptions): Promise<Duplex> {
  const {spare} = ways;
  ways.spare = undefined;
  if (spare !== undefined && !spare.destroyed) return spare;
  try {
    return await connect(ways.all[ways.at]!, options);
  } catch (error) {
    ways.isKnown = ways.all.length === 1;
    throw error;
  }
}

/** How long one way may keep the next one waiting. */
const staggerMs = 300;

const find = (ways: Ways, options: LinkOptions): Promise<void> =>
  (ways.finding ??= race(ways, options).finally(() => (ways.finding = undefined)));

/**
 * The way that answered last, and soon the others beside it: the first that is connected and shows the pinned key is taken.
 * Rejects when none did; that another server sits at one of them is said before that one is silent.
 */
async function race(ways: Ways, options: LinkOptions): Promise<void> {
  const order = [ways.at, ...Array.from(ways.all.keys()).filter(at => at !== ways.at)];
  const over = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  for (const at of order) {
    if (ways.isKnown) break;
    const trying = connect(ways.all[at]!, options).then(
      socket => {
        if (ways.isKnown) return void socket.destroy();
        socket.once('error', () => socket.destroy());
        Object.assign(ways, {at, isKnown: true, spare: socket});
        over.resolve();
      },
      (error: unknown) => {
        errors.push(error);
        if (errors.length === order.length) over.reject(errors.find(isBoxyardError) ?? errors[0]);
      },
    );
    if (at !== order.at(-1)) await settledWithin(trying, staggerMs);
  }
  await over.promise;
}

async function settledWithin(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>(resolve => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

async function connect(url: URL, {fingerprint, env}: LinkOptions): Promise<Duplex> {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (isTls ? 443 : 80));
  const proxy = proxyFor(url, env);
  const raw = proxy === undefined ? await dialled(connectPlain({host, port}), 'connect') : await tunnel(proxy, host, port);
  if (!isTls) return raw;
  const servername = isIP(host) === 0 ? {servername: host} : {};
  const secure = connectTls({socket: raw, ...servername, rejectUnauthorized: fingerprint === undefined, ALPNProtocols: ['http/1.1']});
  await dialled(secure, 'secureConnect');
  if (fingerprint !== undefined) checkPin(secure, fingerprint, url);
  return secure;
}

function checkPin(socket: TLSSocket, fingerprint: string, url: URL): void {
  const key = socket.getPeerX509Certificate()?.publicKey.export({type: 'spki', format: 'der'});
  const shown = key === undefined ? 'none' : createHash('sha256').update(key).digest('hex');
  if (shown === fingerprint) return;
  socket.destroy();
  throw new BoxyardError('WRONG_SERVER', {address: url.host, what: 'token', expected: fingerprint, found: shown});
}
