import type {Program} from '../lab/program.ts';

export interface Supervisor extends AsyncDisposable {
  /** How often the program ended by itself. */
  readonly ends: number;
}

/** What the service of a machine does: a program that ended is started again, a moment later. */
export function supervised(program: Program): Supervisor {
  let ends = 0;
  const timer = setInterval(() => {
    if (program.isRunning) return;
    ends += 1;
    program.start();
  }, 100);
  return {
    get ends() {
      return ends;
    },
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  };
}
