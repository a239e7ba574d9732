/** What a painter needs of a terminal. */
export interface TerminalWrites {
  readonly columns?: number;
  readonly rows?: number;
  write(bytes: Buffer, done?: () => void): unknown;
}

/**
 * tmux passes on only what its terminal takes soon: when more waits than eight bytes for each of its cells, it throws all away
 * and draws its own cells anew, without the pictures and without a word to us. So it gets so much at a time.
 */
const SLICE = 8_192;
const EVERY_MS = 8;
const SLOWEST_MS = 64;

/** Writes to a terminal in the order in which they come, and in slices with time between them while `isPaced`. */
export class PacedWrites implements TerminalWrites {
  readonly #terminal: TerminalWrites;
  #queue: {bytes: Buffer; readonly done: (() => void) | undefined}[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  #isClosed = false;
  #everyMs = EVERY_MS;
  isPaced = false;
  /** After each paced write. */
  passed: () => void = () => undefined;

  constructor(terminal: TerminalWrites) {
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns ?? 80;
  }

  get rows(): number {
    return this.#terminal.rows ?? 24;
  }

  write(bytes: Buffer, done?: () => void): void {
    this.#queue.push({bytes, done});
    if (!this.#isBusy) this.#next();
  }

  /** It was too fast. */
  slower(): void {
    this.#everyMs = Math.min(SLOWEST_MS, this.#everyMs * 2);
  }

  /** What waits goes out at once, and so does what comes. Idempotent. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next();
  }

  #next(): void {
    const first = this.#queue[0];
    this.#isBusy = first !== undefined;
    if (first === undefined) return;
    const isSliced = this.isPaced && !this.#isClosed && first.bytes.length > SLICE;
    const slice = isSliced ? first.bytes.subarray(0, SLICE) : first.bytes;
    if (isSliced) first.bytes = first.bytes.subarray(SLICE);
    else this.#queue.shift();
    this.#terminal.write(slice, () => {
      if (!isSliced) first.done?.();
      if (!this.isPaced || this.#isClosed) return this.#next();
      if (!isSliced) this.passed();
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, this.#everyMs);
    });
  }
}
