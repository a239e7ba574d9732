/** A job that takes its session host down so often is asked for no more. */
const MOST_CRASHES = 3;
/** What an engine does in a call it may do just after having answered it, too. */
const AFTERMATH_MS = 500;
/** So long after a loss that followed another one, jobs go to the session host one at a time. */
const CAREFUL_MS = 30_000;

interface Handing {
  readonly job: string;
  /** Its moment is over: what is lost from now on is not its doing. */
  readonly over: PromiseWithResolvers<void>;
}

/**
 * Which job takes the session host down with it, by what its engine does there (R27 for the process that holds the streams). A loss
 * counts for the job for which it had entered its engine just then, or for one if no other was handed over at that moment; after a second loss they are handed over one at a time.
 */
export class HostSuspects {
  readonly #handedOver = new Set<Handing>();
  readonly #crashes = new Map<string, number>();
  #culprit: string | undefined;
  #lostAt = Number.NEGATIVE_INFINITY;
  #carefulUntil = Number.NEGATIVE_INFINITY;
  #turn: Promise<void> = Promise.resolve();

  async handOver<T>(job: string, work: () => Promise<T>): Promise<T> {
    if (performance.now() < this.#carefulUntil) {
      const mine = Promise.withResolvers<void>();
      const before = this.#turn;
      this.#turn = mine.promise;
      await before;
      return this.#noted(job, work, mine.resolve);
    }
    return this.#noted(job, work);
  }

  isPoison(job: string): boolean {
    return (this.#crashes.get(job) ?? 0) >= MOST_CRASHES;
  }

  /** The last loss counted for another job. */
  wasAnothers(job: string): boolean {
    return this.#culprit !== undefined && this.#culprit !== job;
  }

  /** A session host is gone; `during` a call of the engine for that job, where it could note that. */
  lost(during?: string): void {
    const now = performance.now();
    if (now - this.#lostAt < CAREFUL_MS) this.#carefulUntil = now + CAREFUL_MS;
    this.#lostAt = now;
    const [suspect, ...others] = new Set([...this.#handedOver].map(({job}) => job));
    this.#culprit = during ?? (others.length === 0 ? suspect : undefined);
    if (this.#culprit !== undefined) this.#crashes.set(this.#culprit, (this.#crashes.get(this.#culprit) ?? 0) + 1);
    for (const handing of this.#handedOver) this.#over(handing);
  }

  forget(job: string): void {
    this.#crashes.delete(job);
  }

  async #noted<T>(job: string, work: () => Promise<T>, next?: () => void): Promise<T> {
    const handing: Handing = {job, over: Promise.withResolvers()};
    this.#handedOver.add(handing);
    if (next) void handing.over.promise.then(next);
    try {
      return await work();
    } finally {
      setTimeout(() => this.#over(handing), AFTERMATH_MS).unref();
    }
  }

  #over(handing: Handing): void {
    this.#handedOver.delete(handing);
    handing.over.resolve();
  }
}
