interface Part {
  readonly offset: number;
  readonly bytes: Buffer;
}

const SMALL = 4 * 1024;

/** The last bytes of a stream, by offset; the oldest part goes when the rest holds `most`. */
export class Ring {
  readonly #most: number;
  #parts: Part[] = [];
  #end: number;

  constructor(most: number, from = 0) {
    this.#most = most;
    this.#end = from;
  }

  get start(): number {
    return this.#parts[0]?.offset ?? this.#end;
  }

  get end(): number {
    return this.#end;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const last = this.#parts.at(-1);
    // Keystrokes echo byte by byte: parts of their own would be too many.
    if (last !== undefined && last.bytes.length < SMALL)
      this.#parts[this.#parts.length - 1] = {...last, bytes: Buffer.concat([last.bytes, bytes])};
    else this.#parts.push({offset: this.#end, bytes});
    this.#end += bytes.length;
    while (this.#parts.length > 1 && this.#end - this.#parts[1]!.offset >= this.#most) this.#parts.shift();
  }

  /** At most `most` bytes from `offset` on, of one part; undefined if they are gone, empty if they have not come yet. */
  read(offset: number, most: number): Buffer | undefined {
    if (offset < this.start || offset > this.#end) return undefined;
    const part = this.#parts.findLast(one => one.offset <= offset);
    if (part === undefined) return Buffer.alloc(0);
    const from = offset - part.offset;
    return part.bytes.subarray(from, from + most);
  }
}
