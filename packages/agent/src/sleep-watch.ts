import type {Clock} from './clock.ts';

const SLEPT_MS = 5_000;

/** Sees a sleep of the machine afterwards: the boot clock went on, the monotonic one did not (R21). */
export class SleepWatch {
  readonly #clock: Clock;
  readonly #monotonicMs: () => number;
  readonly #onWake: (sleptMs: number) => void;
  #ahead: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onWake: (sleptMs: number) => void, monotonicMs: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#onWake = onWake;
    this.#monotonicMs = monotonicMs;
    this.#ahead = this.#difference();
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => this.look(), everyMs);
    this.#timer.unref();
  }

  look(): void {
    const ahead = this.#difference();
    const sleptMs = ahead - this.#ahead;
    this.#ahead = ahead;
    if (sleptMs >= SLEPT_MS) this.#onWake(sleptMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #difference(): number {
    return this.#clock.bootMs() - this.#monotonicMs();
  }
}
