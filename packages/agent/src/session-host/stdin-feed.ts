import {PassThrough} from 'node:stream';

/**
 * Standard input of one program, numbered by offset: bytes that come twice are dropped, so a resend after any break is
 * applied once. The end is only what the sender calls the end; it is never made up (R11).
 */
export class StdinFeed {
  readonly readable = new PassThrough({highWaterMark: 256 * 1024});
  readonly #took: (offset: number, done: boolean) => void;
  #received = 0;
  #taken = 0;
  #length: number | undefined;
  isDone = false;

  constructor(took: (offset: number, done: boolean) => void) {
    this.#took = took;
    this.readable.on('end', () => this.#finish());
    this.readable.on('error', () => undefined);
  }

  get received(): number {
    return this.#received;
  }

  /** Bytes behind a hole are dropped: the sender is asked for them again by the offset it is told. */
  push(offset: number, bytes: Uint8Array): void {
    const skip = this.#received - offset;
    if (skip < 0 || skip >= bytes.length || this.#length !== undefined) return;
    const fresh = Buffer.from(bytes.subarray(skip));
    this.#received += fresh.length;
    this.readable.write(fresh, error => {
      if (error) return;
      this.#taken += fresh.length;
      this.#took(this.#taken, false);
    });
  }

  /** True if the end is where the bytes are; otherwise it has to come again after them. */
  end(length: number): boolean {
    if (length !== this.#received) return false;
    if (this.#length === undefined) this.readable.end();
    this.#length = length;
    return true;
  }

  /** The program ended, or reads no more: what is left does not matter. */
  drop(): void {
    this.readable.resume();
    this.#finish();
  }

  #finish(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#took(this.#received, true);
  }
}
