const MOST = 64 * 1024;

/** The beginning of what a program printed, for whoever asks how it went. */
export class Captured {
  readonly #parts: Buffer[] = [];
  #length = 0;

  push(bytes: Uint8Array): void {
    const part = Buffer.from(bytes.subarray(0, MOST - this.#length));
    this.#length += part.length;
    if (part.length > 0) this.#parts.push(part);
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}
