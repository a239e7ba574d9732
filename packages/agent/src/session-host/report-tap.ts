/** What a program says of itself: a word for what it is, and a text that holds no control character. */
export interface Report {
  readonly kind: string;
  readonly text: string;
}

const START = '\u001b]6973;';
const BEL = 7;
const ESC = 27;
/** Longer than any report may be: of what has no end by then this much is told, and what follows is output. */
const MOST_BYTES = 80 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Hears what a program reports among the bytes it writes: `ESC ] 6973 ; SECRET ; KIND ; TEXT BEL`, which terminals pass over. A
 * sequence without the attempt's own secret is output like any other, so that nobody whose text a job prints can report for it.
 * The bytes themselves are left as they are: offsets stay true, and masking hides the secret.
 */
export class ReportTap {
  readonly #start: Buffer;
  readonly #onReport: (report: Report) => void;
  /** The beginning of a report that is not over, or of what may be one. */
  #held: Buffer = nothing;

  constructor(secret: string, onReport: (report: Report) => void) {
    this.#start = Buffer.from(`${START}${secret};`);
    this.#onReport = onReport;
  }

  push(bytes: Uint8Array): void {
    const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const all = this.#held.length === 0 ? given : Buffer.concat([this.#held, given]);
    this.#held = nothing;
    for (let at = 0; at < all.length;) {
      const from = all.indexOf(this.#start, at);
      if (from < 0) return this.#keepBeginning(all.subarray(at));
      const body = from + this.#start.length;
      const end = all.indexOf(BEL, body);
      if (end < 0) return all.length - from > MOST_BYTES ? this.#tell(all.subarray(body)) : this.#keep(all.subarray(from));
      this.#tell(all.subarray(body, end));
      at = end + 1;
    }
  }

  #tell(body: Buffer): void {
    const [, kind, rest] = /^([a-z]{1,20});(.*)$/s.exec(body.subarray(0, MOST_BYTES).toString('utf8')) ?? [];
    if (kind !== undefined && rest !== undefined) this.#onReport({kind, text: rest});
  }

  #keepBeginning(rest: Buffer): void {
    const from = rest.lastIndexOf(ESC);
    if (from < 0 || rest.length - from >= this.#start.length) return;
    const tail = rest.subarray(from);
    if (this.#start.subarray(0, tail.length).equals(tail)) this.#keep(tail);
  }

  #keep(tail: Buffer): void {
    this.#held = Buffer.from(tail);
  }
}
