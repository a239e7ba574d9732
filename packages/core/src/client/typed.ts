import {MAX_INPUT_BYTES} from '../protocol/input-limit.ts';

/** A person that types more than this while nobody takes it is pasting into nothing: what comes then is dropped. */
const MOST_KEPT = 512 * 1024;

/** What was typed and is not known to have arrived: sent again on a new connection, from where the other side has it. */
export class Typed {
  #kept: Buffer = Buffer.alloc(0);
  #start = 0;

  /** False where it was dropped. */
  push(bytes: Uint8Array): boolean {
    if (this.#kept.length + bytes.length > MOST_KEPT) return false;
    this.#kept = Buffer.concat([this.#kept, bytes]);
    return true;
  }

  /** The first `length` bytes have arrived. */
  took(length: number): void {
    const gone = Math.min(Math.max(length - this.#start, 0), this.#kept.length);
    this.#kept = this.#kept.subarray(gone);
    this.#start = Math.max(this.#start + gone, length);
  }

  /** From `offset` on, in pieces that one message holds. */
  *from(offset: number): Generator<{readonly offset: number; readonly bytes: Buffer}> {
    for (let at = Math.max(offset, this.#start); at < this.end; at += MAX_INPUT_BYTES)
      yield {offset: at, bytes: this.#kept.subarray(at - this.#start, at - this.#start + MAX_INPUT_BYTES)};
  }

  get end(): number {
    return this.#start + this.#kept.length;
  }
}
