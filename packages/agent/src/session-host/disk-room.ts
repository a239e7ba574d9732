import {statfsSync} from 'node:fs';

const MIB = 1024 * 1024;
/** More than the ballast: what is given up for results must not be eaten by the output of the next program (B11). */
const LEFT_ALONE = 4 * MIB;
const GOES_ON_AT = 6 * MIB;
const LOOK_BYTES = 64 * 1024;
const LOOK_MS = 250;

/** Whether output may still be written to a disk: not into its last megabytes, which are for the journal and its results. */
export class DiskRoom {
  readonly #free: () => number;
  #isFull = false;
  #unlooked = 0;
  #lookedAt = -Infinity;

  constructor(dir: string, free: () => number = () => freeOf(dir)) {
    this.#free = free;
  }

  /** Counts the bytes whether they may be written or not; the disk is asked now and then. */
  has(bytes: number): boolean {
    this.#unlooked += bytes;
    const now = performance.now();
    if (this.#unlooked < LOOK_BYTES && now - this.#lookedAt < LOOK_MS) return !this.#isFull;
    this.#unlooked = 0;
    this.#lookedAt = now;
    this.#isFull = this.#free() < (this.#isFull ? GOES_ON_AT : LEFT_ALONE);
    return !this.#isFull;
  }
}

function freeOf(dir: string): number {
  try {
    const {bavail, bsize} = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
