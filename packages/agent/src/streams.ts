import {closeSync, openSync, readSync} from 'node:fs';
import {Readable} from 'node:stream';
import {BoxyardError, fromWire} from '@boxyard/core/errors';
import {MAX_DATA_BYTES, encodeData, type Attempt, type DataFrame, type FromAgent, type FromServer} from '@boxyard/core/protocol';
import type {BulkSource} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';

type Of = {readonly job: string; readonly attempt: Attempt};
type End = Extract<FromServer, {type: 'stream.end'}>;

export interface StreamHandler {
  data(frame: DataFrame): void;
  credit(bytes: number): void;
  end(message: End): void;
}

interface Resumed extends StreamHandler {
  /** A new connection: begin again where it stopped. */
  reopen(): void;
}

const WINDOW = 1024 * 1024;

/**
 * The numbered streams of one connection. Files and stdin, which the agent opens, go on at their offset on the next one; what
 * the server opened is bound here by whoever carries it, and ends with the connection.
 */
export class Streams {
  readonly #connection: () => Connection;
  readonly #byNumber = new Map<number, StreamHandler>();
  readonly #all = new Set<Resumed>();
  #number = 0;

  constructor(connection: () => Connection) {
    this.#connection = connection;
  }

  readonly nextNumber = (): number => ++this.#number;

  data(frame: DataFrame): void {
    this.#byNumber.get(frame.stream)?.data(frame);
  }

  credit(stream: number, bytes: number): void {
    this.#byNumber.get(stream)?.credit(bytes);
  }

  end(message: End): void {
    this.#byNumber.get(message.stream)?.end(message);
  }

  onOpen(): void {
    this.#byNumber.clear();
    for (const one of this.#all) one.reopen();
  }

  /**
   * Bytes from the server into `sink`, in order and once, from `from` on. The sink answers how many bytes it let go, by
   * `credit`. Returns the end of it.
   */
  get(of: Of, what: Extract<FromAgent, {type: 'file.get'}>['what'], sink: Sink): Incoming {
    const incoming = new Incoming({streams: this, connection: this.#connection, of, what, sink});
    this.#all.add(incoming);
    incoming.reopen();
    return incoming;
  }

  /** A blob as a stream of bytes; it fails when the server says so or the signal aborts. */
  read(of: Of, blob: string, signal: AbortSignal): Readable {
    let incoming: Incoming | undefined;
    const readable = new Readable({
      highWaterMark: WINDOW,
      signal,
      read: () => incoming?.drained(),
      destroy: (error, done) => {
        incoming?.close();
        done(error);
      },
    });
    incoming = this.get(
      of,
      {blob},
      {
        from: 0,
        write: bytes => readable.push(bytes),
        end: () => readable.push(null),
        fail: error => readable.destroy(error),
      },
    );
    return readable;
  }

  /** Sends a file whole; resolves when the server has stored it, to what it says of that. */
  put(of: Of, file: ToSend, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const outgoing = new Outgoing({streams: this, connection: this.#connection, of, ...file});
      const stop = () => outgoing.finish(signal.reason instanceof Error ? signal.reason : new BoxyardError('INTERRUPTED'));
      outgoing.onFinish = (error, notes) => {
        signal.removeEventListener('abort', stop);
        this.#all.delete(outgoing);
        if (error) reject(error);
        else resolve(notes);
      };
      signal.addEventListener('abort', stop, {once: true});
      this.#all.add(outgoing);
      outgoing.reopen();
    });
  }

  bind(number: number, handler: StreamHandler): void {
    this.#byNumber.set(number, handler);
  }

  unbind(number: number, handler: StreamHandler): void {
    if (this.#byNumber.get(number) === handler) this.#byNumber.delete(number);
  }

  release(number: number, handler: Resumed): void {
    this.unbind(number, handler);
    this.#all.delete(handler);
  }
}

export interface Sink {
  readonly from: number;
  /** False asks for a pause: credit is given again by `drained`. */
  write(bytes: Buffer, offset: number): boolean;
  end(length: number): void;
  fail(error: BoxyardError): void;
}

interface IncomingDeps {
  readonly streams: Streams;
  readonly connection: () => Connection;
  readonly of: Of;
  readonly what: Extract<FromAgent, {type: 'file.get'}>['what'];
  readonly sink: Sink;
}

export class Incoming implements Resumed {
  readonly #deps: IncomingDeps;
  #number = 0;
  #at: number;
  #owed = 0;
  #isPaused = false;

  constructor(deps: IncomingDeps) {
    this.#deps = deps;
    this.#at = deps.sink.from;
  }

  reopen(): void {
    const connection = this.#deps.connection();
    if (!connection.isOpen) return;
    this.#number = this.#deps.streams.nextNumber();
    this.#deps.streams.bind(this.#number, this);
    const {of, what} = this.#deps;
    connection.send({type: 'file.get', stream: this.#number, job: of.job, attempt: of.attempt, what, from: this.#at});
    connection.send({type: 'stream.credit', stream: this.#number, bytes: WINDOW});
    this.#owed = 0;
  }

  data({offset, bytes}: DataFrame): void {
    const skip = this.#at - offset;
    if (skip < 0 || skip >= bytes.length) return;
    const fresh = Buffer.from(bytes.subarray(skip));
    const at = this.#at;
    this.#at += fresh.length;
    this.#owed += fresh.length;
    this.#isPaused = !this.#deps.sink.write(fresh, at);
    if (!this.#isPaused) this.#giveCredit();
  }

  drained(): void {
    this.#isPaused = false;
    this.#giveCredit();
  }

  credit(): void {
    // Only the receiver gives credit on a stream it reads.
  }

  end(message: End): void {
    this.close();
    if (message.error) this.#deps.sink.fail(fromWire(message.error as Parameters<typeof fromWire>[0]));
    else if (message.length !== undefined && message.length !== this.#at) this.#deps.sink.fail(new BoxyardError('INTERNAL'));
    else this.#deps.sink.end(this.#at);
  }

  close(): void {
    this.#deps.streams.release(this.#number, this);
  }

  #giveCredit(): void {
    if (this.#owed < WINDOW / 4) return;
    this.#deps.connection().send({type: 'stream.credit', stream: this.#number, bytes: this.#owed});
    this.#owed = 0;
  }
}

export interface ToSend {
  readonly what: Extract<FromAgent, {type: 'file.put'}>['what'];
  readonly path: string;
  readonly bytes: number;
}

interface OutgoingDeps extends ToSend {
  readonly streams: Streams;
  readonly connection: () => Connection;
  readonly of: Of;
}

class Outgoing implements Resumed, BulkSource {
  onFinish: (error: Error | undefined, notes: readonly string[]) => void = () => undefined;
  readonly #deps: OutgoingDeps;
  readonly #fd: number;
  #number = 0;
  #sent = 0;
  #credit = 0;
  #isOver = false;
  #hasEnded = false;
  #leave: (() => void) | undefined;

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
    this.#fd = openSync(deps.path, 'r');
  }

  reopen(): void {
    this.#leave?.();
    const connection = this.#deps.connection();
    if (!connection.isOpen) return;
    this.#number = this.#deps.streams.nextNumber();
    this.#deps.streams.bind(this.#number, this);
    this.#sent = 0;
    this.#credit = WINDOW;
    this.#hasEnded = false;
    const {of, what} = this.#deps;
    connection.send({type: 'file.put', stream: this.#number, job: of.job, attempt: of.attempt, what, from: 0});
    this.#leave = connection.bulk.add(this);
  }

  next(): Buffer | undefined {
    if (this.#sent >= this.#deps.bytes) return this.#end();
    const most = Math.min(MAX_DATA_BYTES, this.#credit, this.#deps.bytes - this.#sent);
    if (most <= 0) return undefined;
    const buffer = Buffer.allocUnsafe(most);
    const bytes = buffer.subarray(0, readSync(this.#fd, buffer, 0, most, this.#sent));
    const frame = encodeData({stream: this.#number, offset: this.#sent, bytes});
    this.#sent += bytes.length;
    this.#credit -= bytes.length;
    return frame;
  }

  data(): void {
    // Nothing comes on a stream we write.
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.#deps.connection().bulk.wake();
  }

  end(message: End): void {
    this.finish(message.error ? fromWire(message.error as Parameters<typeof fromWire>[0]) : undefined, message.notes);
  }

  finish(error: Error | undefined, notes: readonly string[] = []): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave?.();
    this.#deps.streams.release(this.#number, this);
    closeSync(this.#fd);
    this.onFinish(error, notes);
  }

  #end(): undefined {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#deps.connection().send({type: 'stream.end', stream: this.#number, length: this.#deps.bytes});
  }
}
