import type {Readable} from 'node:stream';
import {BoxyardError} from '@boxyard/core/errors';

/** Takes a stream of bytes apart, in order. */
export class PieceReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytes: Readable) {
    this.#chunks = bytes[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** So many bytes as one. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.pass(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** So many bytes as they come. Read it to its end before the next piece. */
  async *pass(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) throw new BoxyardError('INTERNAL', {}, {message: 'What the server sent of folders is too short.'});
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, Math.min(left, this.#rest.length));
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
