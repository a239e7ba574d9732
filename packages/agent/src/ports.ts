import type {Duplex} from 'node:stream';
import {BoxyardError, asBoxyardError, isBoxyardError, toWire} from '@boxyard/core/errors';
import type {Engine} from '@boxyard/core/plugin-api';
import {MAX_DATA_BYTES, encodeData, type DataFrame, type FromServer} from '@boxyard/core/protocol';
import {Carried, type BulkSource} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';
import {checkLabels} from './floor.ts';
import {ownBox} from './own-box.ts';
import type {Parts} from './steps/index.ts';
import type {StreamHandler} from './streams.ts';

type Message<T extends FromServer['type']> = Extract<FromServer, {type: T}>;
type ToOpen = Message<'port.open'>;
export type PortsDeps = Pick<Parts, 'engines' | 'streams' | 'worker' | 'timing'> & {readonly connection: () => Connection};

/** Whatever servers ask for: each is a file descriptor here, and a moment of the engine's. */
const MOST_OPEN = 1_000;

/** Connections into boxes, for clients behind the server. They end with the server's socket: nobody could resume one. */
export class Ports {
  readonly #deps: PortsDeps;
  readonly #open = new Set<PortStream>();

  constructor(deps: PortsDeps) {
    this.#deps = deps;
  }

  /** Never rejects: why there is no connection is told to the server. */
  async open(message: ToOpen): Promise<void> {
    const connection = this.#deps.connection();
    const stream = new PortStream(message.stream, connection, () => {
      this.#open.delete(stream);
      this.#deps.streams.unbind(message.stream, stream);
    });
    if (this.#open.size >= MOST_OPEN) return stream.fail(new BoxyardError('TOO_MANY_REQUESTS', {what: 'connections to this worker'}));
    this.#open.add(stream);
    this.#deps.streams.bind(message.stream, stream);
    try {
      stream.start(await this.#connect(message, stream.signal));
    } catch (error) {
      stream.fail(error);
    }
  }

  onClosed(): void {
    for (const stream of this.#open) stream.cut();
  }

  #connect(message: ToOpen, signal: AbortSignal): Promise<Duplex> {
    const {engines, timing} = this.#deps;
    const work = (engine: Engine, given: AbortSignal) => this.#reach(engine, message, given);
    return engines.call(message.engine, 'connect', work, {signal, ms: timing.query * 2});
  }

  async #reach(engine: Engine, {box: name, tenant, port, engine: by}: ToOpen, signal: AbortSignal): Promise<Duplex> {
    const {machine, name: worker, floor} = this.#deps.worker;
    const box = ownBox(await engine.find(name, signal), machine, tenant);
    if (box === undefined) throw new BoxyardError('NOT_FOUND', {what: 'container', name});
    checkLabels(box.labels, floor, worker);
    const {connect} = engine.features;
    if (connect === undefined) throw new BoxyardError('UNSUPPORTED', {what: 'a connection into a box', by});
    const {is} = await box.inspect(signal);
    if (is !== 'running' && is !== 'paused') throw new BoxyardError('CONFLICT', {what: 'The DevBox', issue: 'does not run'});
    try {
      const near = await connect(box, port, signal);
      if (signal.aborted) near.destroy();
      return near;
    } catch (error) {
      const isRefused = isBoxyardError(error) && error.code === 'NOT_FOUND';
      throw isRefused ? new BoxyardError('PORT_CLOSED', {port, devbox: box.labels['io.boxyard.name']}, {cause: error}) : error;
    }
  }
}

/** One connection, from the server's wish for it on. */
class PortStream implements StreamHandler, BulkSource {
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

  start(near: Duplex): void {
    if (this.#isOver) return void near.destroy();
    const stream = this.#number;
    this.#connection.send({type: 'port.opened', stream});
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

  end({length, error}: Message<'stream.end'>): void {
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
