import {writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Read in the program: its `Date` is off by what the file says at that moment; monotonic clocks are right, as on a real machine. */
const preload = (file: string): string => `
import {readFileSync} from 'node:fs';
const Real = Date;
let offset = 0;
let readAt = -Infinity;
const now = () => {
  if (performance.now() - readAt > 20) {
    readAt = performance.now();
    try { offset = Number(readFileSync(${JSON.stringify(file)}, 'utf8')); } catch {}
  }
  return Real.now() + offset;
};
globalThis.Date = new Proxy(Real, {
  construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [now()], self),
  apply: () => new Real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});`;

/** F15: the wall clock of one machine, for all Node programs that are started with `env`. */
export class SkewedClock {
  readonly #file: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(dir: string, offsetMs: number) {
    this.#file = join(dir, 'clock-offset');
    this.env = {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload(this.#file))}`};
    this.set(offsetMs);
  }

  /** A jump: what it is off from now on. */
  set(offsetMs: number): void {
    writeFileSync(this.#file, String(offsetMs));
  }
}
