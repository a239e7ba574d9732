import {BoxyardError} from '../errors/index.ts';

/** A parser of a byte stream: it yields how many bytes it needs next and is given exactly these, as a view that is good until it yields again. */
export type Reading<T> = Generator<number, T, Buffer>;

/** The bytes are no RFB, or more than a screen needs: whoever sent them is hostile or broken, and the connection is of no use any more. */
export const notRfb = (issue: string): BoxyardError => new BoxyardError('RFB_INVALID', {issue});

export function* u8(): Reading<number> {
  return (yield 1).readUInt8();
}
export function* u16(): Reading<number> {
  return (yield 2).readUInt16BE();
}
export function* u32(): Reading<number> {
  return (yield 4).readUInt32BE();
}

/** A text that is there to be read by people: what is longer than `most` is cut, what is longer than 1 MiB ends the connection. */
export function* text(length: number, most: number, what: string): Reading<string> {
  if (length > 1_048_576) throw notRfb(`${what} of ${length} bytes`);
  const kept = (yield Math.min(length, most)).toString('utf8');
  for (let rest = length - most; rest > 0; rest -= 65_536) yield Math.min(rest, 65_536);
  return kept;
}

/** Feeds a parser with bytes as they come. It holds at most what one request of the parser asks for, and the chunk that came last. */
export class Feed<T> {
  readonly #reading: Reading<T>;
  #wanted: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #result: {readonly value: T} | undefined;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
    this.#wanted = 0;
    this.#step(reading.next());
  }

  /** What the parser returned, once it has. */
  get result(): {readonly value: T} | undefined {
    return this.#result;
  }

  /** Bytes that came after the parser's end: they belong to whoever reads on. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#held = 0;
    return rest;
  }

  /** Throws what the parser throws. */
  take(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#held += bytes.length;
    while (this.#result === undefined && this.#held >= this.#wanted) this.#step(this.#reading.next(this.#cut(this.#wanted)));
  }

  #step({done, value}: IteratorResult<number, T>): void {
    if (done === true) this.#result = {value};
    else this.#wanted = value;
  }

  #cut(length: number): Buffer {
    this.#held -= length;
    const [first = Buffer.alloc(0)] = this.#chunks;
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) {
      this.#chunks.shift();
      return first;
    }
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}
