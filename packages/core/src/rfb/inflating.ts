import {Unzlib} from 'fflate';
import {notRfb} from './reading.ts';

/** Deflate makes at most 1,032 bytes of one: a slice of this size can be looked at before the next makes more. */
const SLICE = 8_192;

/** One zlib stream that goes on from rectangle to rectangle. */
export class Inflating {
  readonly #stream = new Unzlib();
  #made: Uint8Array[] = [];
  #length = 0;

  constructor() {
    this.#stream.ondata = bytes => {
      this.#made.push(bytes);
      this.#length += bytes.length;
    };
  }

  /** What these bytes become. Throws where it is more than `most`, or where they are no zlib. */
  take(bytes: Uint8Array, most: number): Buffer {
    this.#made = [];
    this.#length = 0;
    for (let at = 0; at < bytes.length; at += SLICE) {
      try {
        this.#stream.push(bytes.subarray(at, at + SLICE));
      } catch (error) {
        throw notRfb(`compressed bytes that are none (${(error as Error).message})`);
      }
      if (this.#length > most) throw notRfb(`more than the ${most} bytes its rectangle can need`);
    }
    const [only] = this.#made;
    const out = this.#made.length === 1 && only ? Buffer.from(only.buffer, only.byteOffset, only.length) : Buffer.concat(this.#made);
    this.#made = [];
    return out;
  }
}
