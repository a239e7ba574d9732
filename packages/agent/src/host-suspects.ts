import {setTimeout as delay} from 'node:timers/promises';

/** A job that takes its session host down so often is asked for no more. */
const MOST_CRASHES = 3;
/** What an engine does in a call it may do just after having answered it, too. */
const AFTERMATH_MS = 500;
/** So long after a loss that followed another one, jobs go to the session host one at a time. */
const CAREFUL_MS = 30_000;

/**
 * Which job takes the session host down with it, by what its engine does there (R27 for the process that holds the streams). A loss
 * counts for a job if no other was handed over at that moment; after a second loss they are handed over one at a time.
 */
export class HostSuspects {
  readonly #handedOver = new Set<string>();
  readonly #crashes = new Map<string, number>();
  #culprit: string | undefined;
  #lostAt = Number.NEGATIVE_INFINITY;
  #carefulUntil = Number.NEGATIVE_INFINITY;
  #turn: Promise<unknown> = Promise.resolve();

  async handOver<T>(job: string, work: () => Promise<T>): Promise<T> {
    if (performance.now() >= this.#carefulUntil) return this.#noted(job, work);
    const mine = this.#turn.then(() => this.#noted(job, work));
    this.#turn = mine.catch(() => undefined).then(() => this.#aftermath(job));
    return mine;
  }

  isPoison(job: string): boolean {
    return (this.#crashes.get(job) ?? 0) >= MOST_CRASHES;
  }

  /** The last loss counted for another job. */
  wasAnothers(job: string): boolean {
    return this.#culprit !== undefined && this.#culprit !== job;
  }

  /** A session host is gone. */
  lost(): void {
    const now = performance.now();
    if (now - this.#lostAt < CAREFUL_MS) this.#carefulUntil = now + CAREFUL_MS;
    this.#lostAt = now;
    const [suspect] = this.#handedOver;
    this.#culprit = this.#handedOver.size === 1 ? suspect : undefined;
    if (this.#culprit !== undefined) this.#crashes.set(this.#culprit, (this.#crashes.get(this.#culprit) ?? 0) + 1);
    this.#handedOver.clear();
  }

  forget(job: string): void {
    this.#crashes.delete(job);
  }

  async #noted<T>(job: string, work: () => Promise<T>): Promise<T> {
    this.#handedOver.add(job);
    try {
      return await work();
    } finally {
      setTimeout(() => this.#handedOver.delete(job), AFTERMATH_MS).unref();
    }
  }

  /** Over with a loss: then the set is empty. */
  async #aftermath(job: string): Promise<void> {
    for (const until = performance.now() + AFTERMATH_MS; this.#handedOver.has(job) && performance.now() < until;)
      await delay(20, undefined, {ref: false});
  }
}
