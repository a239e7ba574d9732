const LATER_MS = 20;
const AGAIN_MS = 1_000;
const GAP_MS = 1;

interface Waiting {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Gathers writes and commits them together. What is waited for goes with this turn of the event loop, or, right after
 * another commit, a moment later: under load many jobs share one fsync. What nobody waits for goes a little
 * later: by then most of it has been overtaken, as writes of one key are one write. Promises resolve in the order of the calls.
 */
export class Commits {
  readonly #commit: (writes: Iterable<() => void>) => void;
  readonly #urgent = new Map<string, () => void>();
  readonly #later = new Map<string, () => void>();
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #timers: {soon?: NodeJS.Timeout | undefined; later?: NodeJS.Timeout | undefined} = {};
  #restUntil = 0;
  #isClosed = false;

  /** `commit` does all the writes or throws having done none; it may be asked for the same ones again. */
  constructor(commit: (writes: Iterable<() => void>) => void) {
    this.#commit = commit;
  }

  /** The write reads what it writes when it is done, so the newest of a key is enough. */
  later(key: string, write: () => void, ms = LATER_MS): void {
    if (this.#isClosed || this.#urgent.has(key)) return;
    this.#later.set(key, write);
    this.#timers.later ??= setTimeout(() => this.#flush(true), ms);
  }

  /** As `later`, for the next commit that is waited for. */
  add(key: string, write: () => void): void {
    if (this.#isClosed) return;
    this.#later.delete(key);
    this.#urgent.set(key, write);
  }

  /** Resolves when everything added before is on disk, with `all` also what may come later; rejects where it could not be written. */
  soon({all = false} = {}): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (all) this.#promote();
    return new Promise((done, failed) => {
      this.#waiting.push({done, failed});
      this.#schedule();
    });
  }

  /** Writes what is left. */
  close(): void {
    this.#flush(true);
    this.#isClosed = true;
  }

  #promote(): void {
    for (const [key, write] of this.#later) this.#urgent.set(key, write);
    this.#later.clear();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const restMs = this.#restUntil - performance.now();
    if (restMs <= 0) setImmediate(() => this.#flush(false));
    else this.#timers.soon = setTimeout(() => this.#flush(false), restMs);
  }

  #flush(all: boolean): void {
    if (this.#isClosed) return;
    if (all) {
      clearTimeout(this.#timers.later);
      this.#timers.later = undefined;
      this.#promote();
    }
    clearTimeout(this.#timers.soon);
    this.#isScheduled = false;
    const writes = new Map(this.#urgent);
    const waiting = this.#waiting;
    this.#urgent.clear();
    this.#waiting = [];
    try {
      if (writes.size > 0) this.#commit(writes.values());
    } catch (error) {
      // Written with the next commit, unless something newer of its key is.
      for (const [key, write] of writes) this.later(key, write, AGAIN_MS);
      for (const one of waiting) one.failed(error);
      return;
    } finally {
      this.#restUntil = performance.now() + GAP_MS;
    }
    for (const one of waiting) one.done();
  }
}
