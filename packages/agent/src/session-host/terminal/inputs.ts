/** How many who ever typed are remembered; the one that typed longest ago is forgotten first. */
const MOST = 1_000;

/** Input of each viewer applied once and in order, however often a piece of it comes: each counts its own bytes. */
export class Inputs {
  readonly #took = new Map<string, number>();

  /** Bytes of this viewer's input that were applied. */
  took(viewer: string): number {
    return this.#took.get(viewer) ?? 0;
  }

  /** What is new of these bytes, from `offset` of the viewer's input on; undefined where bytes before them are missing. */
  fresh(viewer: string, offset: number, bytes: Buffer): Buffer | undefined {
    const took = this.took(viewer);
    if (offset > took) return undefined;
    const fresh = bytes.subarray(Math.min(took - offset, bytes.length));
    this.#took.delete(viewer);
    this.#took.set(viewer, took + fresh.length);
    if (this.#took.size > MOST) this.#took.delete(this.#took.keys().next().value!);
    return fresh;
  }
}
