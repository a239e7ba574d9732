import type {Clock} from './clock.ts';

const LOOK_MS = 30_000;

/** Calls once when the boot clock passes `atMs`; that clock goes on while the machine sleeps, which Node's timers do not (R21). */
export class BootTimer {
  readonly #clock: Clock;
  readonly #atMs: number;
  readonly #due: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(clock: Clock, atMs: number, due: () => void) {
    this.#clock = clock;
    this.#atMs = atMs;
    this.#due = due;
    this.look();
  }

  look(): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    const left = this.#atMs - this.#clock.bootMs();
    if (left > 0) {
      this.#timer = setTimeout(() => this.look(), Math.min(left, LOOK_MS));
      return;
    }
    this.#isOver = true;
    this.#due();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
