import {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {BoxyardError} from '../errors/index.ts';

/** Bytes of one direction that may be on their way or waiting to be taken: the credit each side begins with. */
export const STREAM_WINDOW = 256 * 1024;

/** What a carried stream has to say to the other end of it. */
export interface FarEnd {
  /** There may be something to take with `next`. */
  ready(): void;
  /** The other side may send so many bytes more. */
  credit(bytes: number): void;
  /** This side sends no more; the other direction goes on. */
  end(length: number): void;
  /** Both directions are over: each at its own end, or with the error here that ended both. Last, and once. */
  over(error?: Error): void;
}

/**
 * A byte stream of this machine with credit and an end of its own in each direction: one half of a connection that goes over
 * a wire. The side that reads gives credit as its stream takes the bytes, so neither keeps more than a window.
 */
export class Carried {
  readonly #near: Duplex;
  readonly #far: FarEnd;
  #credit = STREAM_WINDOW;
  #sent = 0;
  #received = 0;
  #mayReceive = STREAM_WINDOW;
  #owed = 0;
  #rest: Buffer | undefined;
  #hasEnded = false;
  #isOver = false;

  constructor(near: Duplex, far: FarEnd) {
    this.#near = near;
    this.#far = far;
    near.on('readable', () => far.ready());
    near.on('end', () => far.ready());
    near.on('finish', () => this.#settle());
    near.on('error', error => this.#finish(error));
    near.on('close', () => {
      if (!near.readableEnded || !near.writableFinished) this.#finish(cutOff());
    });
    if (near.destroyed) queueMicrotask(() => this.#finish(near.errored ?? cutOff()));
  }

  /** The next bytes for the other side, as many as it may get; undefined where there are none now. Says the end behind the last. */
  next(most: number): {readonly offset: number; readonly bytes: Buffer} | undefined {
    if (this.#isOver) return undefined;
    this.#rest ??= (this.#near.read() as Buffer | null) ?? undefined;
    if (this.#rest === undefined) {
      if (this.#near.readableEnded) this.#end();
      return undefined;
    }
    const bytes = this.#rest.subarray(0, Math.min(most, this.#credit));
    if (bytes.length === 0) return undefined;
    this.#rest = bytes.length < this.#rest.length ? this.#rest.subarray(bytes.length) : undefined;
    const offset = this.#sent;
    this.#sent += bytes.length;
    this.#credit -= bytes.length;
    return {offset, bytes};
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.#far.ready();
  }

  /** Bytes of the other side. What it sends without credit ends the stream. */
  receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#received += bytes.length;
    if (this.#received > this.#mayReceive) return this.#finish(new BoxyardError('INTERNAL', {what: 'bytes came without credit'}));
    this.#near.write(bytes, error => {
      if (!error) this.#took(bytes.length);
    });
  }

  /** The other side sends no more after `length` bytes. */
  receiveEnd(length: number | undefined): void {
    if (this.#isOver) return;
    if (length !== undefined && length !== this.#received)
      return this.#finish(new BoxyardError('INTERNAL', {what: `${this.#received} of ${length} bytes came`}));
    this.#near.end();
  }

  /** The other side is gone: what is here is cut off, as a connection is reset. Nothing is said any more. */
  cut(): void {
    this.#isOver = true;
    this.#rest = undefined;
    reset(this.#near);
  }

  #took(bytes: number): void {
    if (this.#isOver) return;
    this.#owed += bytes;
    if (this.#owed < STREAM_WINDOW / 4) return;
    this.#mayReceive += this.#owed;
    this.#far.credit(this.#owed);
    this.#owed = 0;
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#far.end(this.#sent);
    this.#settle();
  }

  #settle(): void {
    if (this.#hasEnded && this.#near.writableFinished) this.#finish();
  }

  #finish(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rest = undefined;
    if (error === undefined) this.#near.destroy();
    else reset(this.#near);
    this.#far.over(error);
  }
}

const cutOff = () => Object.assign(new Error('the connection was cut off'), {code: 'ECONNRESET'});

/** A program must be able to tell a connection that broke from one that ended. */
function reset(near: Duplex): void {
  if (!(near instanceof Socket) || near.destroyed || near.remotePort === undefined) return void near.destroy();
  near.resetAndDestroy();
}
