import type {Duplex} from 'node:stream';
import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import {MAX_DATA_BYTES, encodeData, type DataFrame, type FromAgent, type FromServer} from '@boxyard/core/protocol';
import {Carried, type BulkSource} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';
import type {StreamHandler, Streams} from './streams.ts';

type Opened = Extract<FromAgent, {type: 'port.opened' | 'display.opened'}>['type'];
type End = Extract<FromServer, {type: 'stream.end'}>;

export interface CarriedStreamsDeps {
  readonly streams: Streams;
  readonly connection: () => Connection;
}

/** What the server asked to be connected to. */
export interface ToCarry {
  /** Of the server's numbering. */
  readonly stream: number;
  /** What is said when it is there. */
  readonly opened: Opened;
  /** Its signal aborts when nobody waits for it any more. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
}

/** Whatever servers ask for: each is a file descriptor here, and a moment of the engine's. */
const MOST_OPEN = 1_000;

/** Byte streams into boxes, for clients behind the server. They end with the server's socket: nobody could resume one. */
export class CarriedStreams {
  readonly #deps: CarriedStreamsDeps;
  readonly #open = new Set<CarriedStream>();

  constructor(deps: CarriedStreamsDeps) {
    this.#deps = deps;
  }

  /** Never rejects: why there is no stream is told to the server. */
  async open({stream: number, opened, connect}: ToCarry): Promise<void> {
    const stream = new CarriedStream(number, this.#deps.connection(), () => {
      this.#open.delete(stream);
      this.#deps.streams.unbind(number, stream);
    });
    if (this.#open.size >= MOST_OPEN) return stream.fail(new BoxyardError('TOO_MANY_REQUESTS', {what: 'connections to this worker'}));
    this.#open.add(stream);
    this.#deps.streams.bind(number, stream);
    try {
      stream.start(await connect(stream.signal), opened);
    } catch (error) {
      stream.fail(error);
    }
  }

  onClosed(): void {
    for (const stream of this.#open) stream.cut();
  }
}

/** One of them, from the server's wish for it on. */
class CarriedStream implements StreamHandler, BulkSource {
  readonly #number: number;
  readonly #connection: Connection;
  readonly #forget: () => void;
  readonly #opening = new AbortController();
  #carried: Carried | undefined;
  #leave: (() => void) | undefined;
  #isOver = false;

  constructor(number: number, connection: Connection, forget: () => void) {
    this.#number = number;
    this.#connection = connection;
    this.#forget = forget;
  }

  get signal(): AbortSignal {
    return this.#opening.signal;
  }

  start(near: Duplex, opened: Opened): void {
    if (this.#isOver) return void near.destroy();
    const stream = this.#number;
    this.#connection.send({type: opened, stream});
    this.#carried = new Carried(near, {
      ready: () => this.#connection.bulk.wake(),
      credit: bytes => void this.#connection.send({type: 'stream.credit', stream, bytes}),
      end: length => void this.#connection.send({type: 'stream.end', stream, length}),
      over: error => (error === undefined ? this.#finish() : this.fail(new BoxyardError('CONNECTION_RESET', {}, {cause: error}))),
    });
    this.#leave = this.#connection.bulk.add(this);
  }

  next(): Buffer | undefined {
    const part = this.#carried?.next(MAX_DATA_BYTES);
    return part === undefined ? undefined : encodeData({stream: this.#number, ...part});
  }

  data({bytes}: DataFrame): void {
    this.#carried?.receive(bytes);
  }

  credit(bytes: number): void {
    this.#carried?.credit(bytes);
  }

  end({length, error}: End): void {
    if (error !== undefined) this.cut();
    else this.#carried?.receiveEnd(length);
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#connection.send({type: 'stream.end', stream: this.#number, error: toWire(asBoxyardError(error))});
    this.cut();
  }

  /** The other side is gone. */
  cut(): void {
    if (this.#isOver) return;
    this.#carried?.cut();
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#leave?.();
    this.#opening.abort(new BoxyardError('INTERRUPTED'));
    this.#forget();
  }
}
