import type {WebSocket} from 'ws';
import {BulkLane} from '../streams/index.ts';
import {type RateLimit, type RateLimitOptions, createRateLimit} from '../rim/rate-limit.ts';
import {
  type DataFrame,
  type Corkable,
  type FromAgent,
  type FromServer,
  decode,
  decodeData,
  encodeData,
  fromAgent,
  oneWritePerTurn,
} from '../protocol/index.ts';

export interface Identity {
  readonly worker: string;
  readonly tenant: string;
  readonly name: string;
  /** From its invitation. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface LinkHandlers {
  onMessage(message: FromAgent): Promise<void>;
  onData(frame: DataFrame): Promise<void>;
  onClose(why: string): void;
  onFault(error: unknown): void;
}

export interface LinkOptions {
  readonly identity: Identity;
  readonly timing: LinkTiming;
  readonly rate?: RateLimitOptions;
}

export interface LinkTiming {
  readonly heartbeat: number;
  readonly offlineAfter: number;
}

/** Over this much unsent, bulk waits; control frames go on. */
const bulkMarkBytes = 1024 * 1024;
/** Over this the agent does not read at all: the connection is given up (B13). */
const mostUnsentBytes = 64 * 1024 * 1024;
const mostInFlight = 512;
/** Control frames an agent may send before its socket rests: above what thousands of short jobs a second need. */
const frames = {burst: 40_000, perSecond: 20_000};
/** Bytes pay for themselves by credit and acknowledgement; this is for frames with hardly any. */
const dataFrameCost = 0.25;
const shortestRestMs = 50;
/** A silence is seen within a fifth of a heartbeat of its being too long (B12). */
const looksPerBeat = 5;

/** One agent's socket: decoded both ways, kept alive, bounded. Knows nothing of jobs. */
export class AgentLink {
  readonly identity: Identity;
  /** For what waits its turn, so that commands do not wait for it. */
  readonly bulk = new BulkLane(() => (this.isOpen ? this.#socket : undefined), bulkMarkBytes);
  epoch = 0;
  process = '';
  machine = '';
  boot = '';
  readonly #socket: WebSocket;
  readonly #timing: LinkTiming;
  readonly #gather: () => void;
  readonly #unknown = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  readonly #pongs = new Map<number, () => void>();
  readonly #rate: RateLimit;
  #rest: NodeJS.Timeout | undefined;
  #handlers: LinkHandlers | undefined;
  #lastInbound = performance.now();
  #inFlight = 0;
  #pingId = 0;
  #why = 'the connection closed';

  /** `wire` is what the socket writes to. */
  constructor(socket: WebSocket, wire: Corkable, {identity, timing, rate = frames}: LinkOptions) {
    this.identity = identity;
    this.#rate = createRateLimit(rate);
    this.#socket = socket;
    this.#timing = timing;
    this.#gather = oneWritePerTurn(wire);
    this.#timer = setInterval(() => this.#check(), timing.heartbeat / looksPerBeat);
    this.#timer.unref();
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    this.#socket.on('pong', () => (this.#lastInbound = performance.now()));
    this.#socket.on('ping', () => this.#heard(1));
    this.#socket.on('error', error => (this.#why = error.message));
    this.#socket.once('close', code => {
      clearInterval(this.#timer);
      clearTimeout(this.#rest);
      handlers.onClose(this.#why === 'the connection closed' ? `closed (${code})` : this.#why);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether more bulk may be sent now. */
  get hasRoom(): boolean {
    return this.isOpen && this.#socket.bufferedAmount < bulkMarkBytes;
  }

  send(message: FromServer): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > mostUnsentBytes) return this.terminate('it does not read');
    this.#gather();
    this.#socket.send(JSON.stringify(message));
  }

  sendData(frame: DataFrame): void {
    if (!this.isOpen) return;
    this.#gather();
    this.#socket.send(encodeData(frame));
  }

  /** Whether the other side answers a ping of the protocol within the time. */
  probe(withinMs: number): Promise<boolean> {
    const id = ++this.#pingId;
    return new Promise(resolve => {
      const finish = (alive: boolean) => {
        clearTimeout(timer);
        this.#pongs.delete(id);
        resolve(alive);
      };
      const timer = setTimeout(() => finish(false), withinMs);
      this.#pongs.set(id, () => finish(true));
      this.#socket.once('close', () => finish(false));
      this.send({type: 'ping', id});
    });
  }

  close(code: number, reason: string): void {
    this.#why = reason;
    this.#socket.close(code, reason);
    const timer = setTimeout(() => this.#socket.terminate(), 2_000);
    timer.unref();
  }

  /** Not `close`: a dead peer would keep that waiting (B12). */
  terminate(why: string): void {
    this.#why = why;
    this.#socket.terminate();
  }

  #check(): void {
    if (performance.now() - this.#lastInbound > this.#timing.offlineAfter) return this.terminate('it was silent');
    this.#looks += 1;
    if (this.#looks % looksPerBeat === 0 && this.isOpen) this.#socket.ping();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#heard(isBinary ? dataFrameCost : 1);
    if (isBinary) {
      const frame = decodeData(data);
      if (frame !== undefined) this.#run(this.#handlers!.onData(frame));
      return;
    }
    const decoded = decode<FromAgent>(fromAgent, data.toString('utf8'));
    if (decoded.kind === 'malformed') {
      this.#handlers!.onFault(new Error(`malformed frame: ${decoded.issue}`));
      return this.close(1002, 'malformed');
    }
    if (decoded.kind === 'unknown') return this.#noteUnknown(decoded.type);
    if (decoded.message.type === 'pong') return this.#pongs.get(decoded.message.id)?.();
    this.#run(this.#handlers!.onMessage(decoded.message));
  }

  /** An agent that sends too much at once is not refused but read more slowly. */
  #heard(cost: number): void {
    this.#lastInbound = performance.now();
    const wait = this.#rate.take('', cost);
    if (wait === 0 || this.#rest !== undefined) return;
    this.#socket.pause();
    this.#rest = setTimeout(
      () => {
        this.#rest = undefined;
        this.#lastInbound = performance.now();
        this.#resume();
      },
      Math.max(wait, shortestRestMs),
    );
  }

  #resume(): void {
    if (this.#rest === undefined && this.#inFlight < mostInFlight / 2 && this.#socket.isPaused) this.#socket.resume();
  }

  #noteUnknown(type: string): void {
    if (this.#unknown.size >= 100 || this.#unknown.has(type)) return;
    this.#unknown.add(type);
    this.#handlers!.onFault(new Error(`a message of a newer agent is ignored: ${type.slice(0, 60)}`));
  }

  /** At most so many frames are in work; the socket rests meanwhile. */
  #run(work: Promise<void>): void {
    if (++this.#inFlight >= mostInFlight) this.#socket.pause();
    void work
      .catch(error => this.#handlers!.onFault(error))
      .finally(() => {
        this.#inFlight -= 1;
        this.#resume();
      });
  }
}
