/** 1, 2, 4, … up to `mostMs`, each with ±20 % jitter so that a restart of the server does not meet everybody at once. */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #tries = 0;

  constructor(firstMs: number, mostMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
  }

  nextMs(): number {
    const base = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    return Math.round(base * (0.8 + 0.4 * this.#random()));
  }

  reset(): void {
    this.#tries = 0;
  }
}
