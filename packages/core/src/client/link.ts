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
  /** `http://host:port` or `https://…`. */
  readonly server: string;
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
  readonly url: URL;
  readonly token: string;
  readonly timeoutMs: number;
  readonly agent: Agent;
  /** What a failed connection means to a person. */
  fault(error: unknown, signal?: AbortSignal): unknown;
  unreachable(cause: unknown): BoxyardError;
  close(): void;
}

export function createLink(options: LinkOptions): Link {
  const url = new URL(options.server);
  const agent = agentFor(url, options);
  const unreachable = (cause: unknown) => unreachableAt(url, cause, options.isNamed === true);
  return {
    url,
    token: options.token,
    timeoutMs: options.timeoutMs,
    agent,
    unreachable,
    fault: (error, signal) => (isBoxyardError(error) || signal?.aborted === true ? error : unreachable(error)),
    close: () => agent.destroy(),
  };
}

function unreachableAt(url: URL, cause: unknown, isNamed: boolean): BoxyardError {
  const code = (cause as NodeJS.ErrnoException).code;
  const isHere = url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.');
  if (isHere && !isNamed && code === 'ECONNREFUSED') return new BoxyardError('NO_SERVER', {}, {cause});
  return new BoxyardError('SERVER_UNREACHABLE', {url: url.origin, why: code ?? (cause as Error).message}, {cause});
}

type Connected = (error: Error | null, socket?: Duplex) => void;

/** An agent whose connections go through the proxy and are compared with the pin before a byte of a request is written. */
function agentFor(url: URL, options: LinkOptions): Agent {
  const kept: AgentOptions = {keepAlive: true, maxSockets: 256, timeout: 0};
  const agent = url.protocol === 'https:' ? new TlsAgent(kept) : new Agent(kept);
  const open = (_options: unknown, done?: Connected) => {
    connect(url, options).then(
      socket => done?.(null, socket),
      (error: Error) => done?.(error),
    );
    return undefined;
  };
  Object.assign(agent, {createConnection: open});
  return agent;
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
  throw new BoxyardError('WRONG_SERVER', {address: url.host, what: 'token', expected: fingerprint, shown});
}
