import type {IncomingMessage} from 'node:http';
import {WebSocket, type RawData} from 'ws';
import {z} from 'zod';
import type {Timing} from '@boxyard/core/config';
import {BoxyardError, fromWire, isBoxyardError} from '@boxyard/core/errors';
import {
  Attempt,
  JobId,
  decode,
  decodeData,
  fromServer,
  oneWritePerTurn,
  type DataFrame,
  type FromAgent,
  type FromServer,
} from '@boxyard/core/protocol';
import {Backoff} from './backoff.ts';
import {BulkLane} from '@boxyard/core/streams';
import {dial, isLoopback} from './dial.ts';

type Hello = Extract<FromServer, {type: 'hello'}>;

export interface ConnectionDeps {
  readonly url: string;
  readonly credential: string;
  readonly fingerprint?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timing: Timing;
  /** A clock that goes on while the machine sleeps. */
  readonly bootMs: () => number;
  readonly hello: () => Extract<FromAgent, {type: 'hello'}>;
  /** Undefined if this is the right server; otherwise why not: everything is kept and it is tried again slowly. */
  readonly refuse: (hello: Hello) => string | undefined;
  readonly log: (message: string, fields?: object) => void;
  readonly random?: () => number;
}

export interface ConnectionEvents {
  open(hello: Hello): void;
  message(message: FromServer): void;
  /** A job with a step this agent does not know: answered, so that it does not come again for ever. */
  unreadable(start: z.infer<typeof StartHead>): void;
  data(frame: DataFrame): void;
  /**
   * The server has certainly heard what was said at this time of the boot clock. Bytes that merely arrive prove nothing: after a
   * freeze or a sleep they may have lain in the socket for an hour.
   */
  heard(atBootMs: number): void;
  closed(why: string): void;
  /** The server knows this worker and refuses it for good (R14): nothing is tried any more. */
  stopped(error: BoxyardError): void;
}

const PATIENCE_MS = 10_000;
const StartHead = z.object({type: z.literal('job.start'), entry: z.string(), job: JobId, attempt: Attempt});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A silence is seen within a fifth of a heartbeat of its being too long (B12). */
const LOOKS_PER_BEAT = 5;

/** One outbound socket at a time, for ever: hello, liveness both ways, reconnect with back-off. Control frames go at once, bulk by its lane. */
export class Connection {
  readonly bulk: BulkLane;
  readonly #deps: ConnectionDeps;
  readonly #events: ConnectionEvents;
  readonly #backoff: Backoff;
  readonly #unknown = new Set<string>();
  #socket: WebSocket | undefined;
  #gather: () => void = () => undefined;
  #isOpen = false;
  #isClosed = false;
  #isFirst = true;
  #retry: NodeJS.Timeout | undefined;
  #liveness: NodeJS.Timeout | undefined;
  #lastInbound = 0;
  #helloAt = 0;
  /** Why there is no connection, for `worker status`. */
  status = 'connecting';

  constructor(deps: ConnectionDeps, events: ConnectionEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#backoff = new Backoff(deps.timing.reconnectFirst, deps.timing.reconnectMost, deps.random);
    this.bulk = new BulkLane(() => (this.#isOpen ? this.#socket : undefined));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Leaves a socket that cannot be alive any more, and dials again at once. */
  renew(): void {
    this.#backoff.reset();
    this.#socket?.terminate();
  }

  start(): void {
    if (!this.#isClosed) this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#liveness);
    this.#socket?.close(1000);
    const socket = this.#socket;
    setTimeout(() => socket?.terminate(), 500).unref();
  }

  /** False when there is no server to hear it: what must not get lost is repeated after the next hello. */
  send(message: FromAgent): boolean {
    if (!this.#isOpen || !this.#socket) return false;
    this.#gather();
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect(): void {
    const {url, credential, fingerprint, env, timing} = this.#deps;
    const {hostname, port, protocol} = new URL(url);
    const tls = protocol === 'wss:';
    const host = hostname.replace(/^\[|\]$/g, '');
    // `up` starts server and agent together: at first the server is waited for rather than missed.
    const patienceMs = this.#isFirst && isLoopback(host) ? Math.min(PATIENCE_MS, timing.dial) : 0;
    this.#isFirst = false;
    const target = {host, port: Number(port) || (tls ? 443 : 80), tls, fingerprint, env, timeoutMs: timing.dial, patienceMs};
    let refusal: BoxyardError | undefined;
    const createConnection = (_: unknown, done: (error: Error | null, stream?: unknown) => void): undefined => {
      dial(target).then(
        stream => {
          this.#gather = oneWritePerTurn(stream);
          done(null, stream);
        },
        (error: Error) => {
          if (isBoxyardError(error)) refusal = error;
          done(error);
        },
      );
    };
    const socket = new WebSocket(url, {
      headers: {authorization: `Bearer ${credential}`},
      perMessageDeflate: false,
      maxPayload: 1024 * 1024,
      handshakeTimeout: timing.dial * 2,
      // Masks keep what a job prints from being taken for a request by a proxy on the way (RFC 6455, 10.3). Where none can read
      // along they only cost CPU.
      ...(tls || isLoopback(host) ? {generateMask: (mask: Buffer) => void mask.fill(0)} : {}),
      createConnection: createConnection as never,
    });
    this.#socket = socket;
    socket.on('open', () => this.#onOpen(socket));
    socket.on('message', (data, isBinary) => this.#onMessage(socket, data, isBinary));
    socket.on('pong', said => this.#onPong(socket, said));
    socket.on('ping', () => (this.#lastInbound = performance.now()));
    socket.on('unexpected-response', (_, response) => void this.#onRefused(socket, response));
    socket.on('error', error =>
      this.#onClose(
        socket,
        refusal ? `${refusal.message} ${refusal.hint}` : error.message,
        refusal && this.#deps.timing.unauthenticatedRetry,
      ),
    );
    socket.on('close', (code, reason) => this.#onClose(socket, `closed ${code} ${reason.toString()}`, this.#slowAfter(code)));
  }

  #onOpen(socket: WebSocket): void {
    this.#lastInbound = performance.now();
    this.#helloAt = this.#deps.bootMs();
    socket.send(JSON.stringify(this.#deps.hello()));
    const {heartbeat, offlineAfter} = this.#deps.timing;
    clearInterval(this.#liveness);
    let looks = 0;
    this.#liveness = setInterval(() => {
      if (performance.now() - this.#lastInbound > offlineAfter) return socket.terminate();
      looks += 1;
      if (looks % LOOKS_PER_BEAT === 0 && socket.readyState === WebSocket.OPEN) socket.ping(String(this.#deps.bootMs()));
    }, heartbeat / LOOKS_PER_BEAT);
  }

  #onPong(socket: WebSocket, said: Buffer): void {
    if (socket !== this.#socket) return;
    this.#lastInbound = performance.now();
    const sentAt = Number(said.toString());
    if (this.#isOpen && said.length > 0 && Number.isFinite(sentAt)) this.#events.heard(sentAt);
  }

  #onMessage(socket: WebSocket, data: RawData, isBinary: boolean): void {
    if (socket !== this.#socket) return;
    this.#lastInbound = performance.now();
    if (isBinary) {
      const frame = decodeData(data as Buffer);
      if (frame && this.#isOpen) this.#events.data(frame);
      return;
    }
    const decoded = decode<FromServer>(fromServer, (data as Buffer).toString('utf8'));
    if (decoded.kind === 'malformed') {
      const start = this.#isOpen ? StartHead.safeParse(parsed((data as Buffer).toString('utf8'))) : undefined;
      if (start?.success) return this.#events.unreadable(start.data);
      this.#deps.log('the server sent what it must not', {issue: decoded.issue});
      return socket.close(1002, 'malformed');
    }
    if (decoded.kind === 'unknown') return this.#ignore(decoded.type);
    if (!this.#isOpen) return this.#onHello(socket, decoded.message);
    if (decoded.message.type === 'ping') this.send({type: 'pong', id: decoded.message.id});
    else this.#events.message(decoded.message);
  }

  #ignore(type: string): void {
    if (this.#unknown.has(type)) return;
    this.#unknown.add(type);
    this.#deps.log('a message of a newer server is ignored', {type});
  }

  #onHello(socket: WebSocket, message: FromServer): void {
    if (message.type !== 'hello') return;
    const refusal = this.#deps.refuse(message);
    if (refusal !== undefined) return this.#onClose(socket, refusal, this.#deps.timing.unauthenticatedRetry);
    this.#isOpen = true;
    this.status = 'connected';
    this.#deps.log('connected', {url: this.#deps.url});
    this.#backoff.reset();
    this.#events.heard(this.#helloAt);
    this.#events.open(message);
    this.bulk.wake();
  }

  async #onRefused(socket: WebSocket, response: IncomingMessage): Promise<void> {
    const error = await errorIn(response);
    const status = response.statusCode ?? 0;
    if (status === 403) return this.#stop(socket, error ?? new BoxyardError('WORKER_FORBIDDEN'));
    const why = error?.message ?? `the server answered ${status}`;
    const isSlow = status === 401 || status === 421 || status === 426;
    const after = Number(response.headers['retry-after']) * 1000;
    const waitMs = isSlow ? this.#deps.timing.unauthenticatedRetry : Number.isFinite(after) ? Math.min(after, 300_000) : undefined;
    this.#onClose(socket, why, waitMs);
  }

  #stop(socket: WebSocket, error: BoxyardError): void {
    this.#isClosed = true;
    this.status = error.message;
    clearInterval(this.#liveness);
    socket.terminate();
    this.#events.stopped(error);
  }

  #slowAfter(code: number): number | undefined {
    if (code === 4409) return this.#deps.timing.offlineAfter;
    return code === 4401 || code === 4426 ? this.#deps.timing.unauthenticatedRetry : undefined;
  }

  #onClose(socket: WebSocket, why: string, waitMs?: number): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    clearInterval(this.#liveness);
    socket.on('error', () => undefined);
    socket.terminate();
    if (wasOpen) this.#events.closed(why);
    if (this.#isClosed) return;
    this.status = why;
    const delayMs = Math.max(waitMs ?? 0, this.#backoff.nextMs());
    this.#deps.log('no connection to the server', {why, retryInMs: delayMs});
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }
}

/** The server's error body, if it is one; at most 64 KiB of it are read. */
async function errorIn(response: IncomingMessage): Promise<BoxyardError | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > 65_536) return undefined;
      parts.push(part);
    }
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as {error?: {code?: unknown; message?: unknown; hint?: unknown}};
    const {code, message, hint} = body.error ?? {};
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return fromWire({code, message, ...(typeof hint === 'string' ? {hint} : {})});
  } catch {
    return undefined;
  }
}
