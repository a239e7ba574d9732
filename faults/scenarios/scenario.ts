import type {Random} from './random.ts';

/** What a scenario says of itself in the table. */
export interface Told {
  readonly jobs: number;
  /** Figures worth a line: detection times, bytes, counts. */
  readonly figures?: Readonly<Record<string, number | string>>;
}

export interface Context {
  readonly random: Random;
  /** The short set runs within `npm test`: fewer jobs and rounds, the same promises. */
  readonly short: boolean;
  readonly log: (line: string) => void;
}

/** One story: a workload, a fault, and the promises that must hold after it. A broken promise rejects. */
export interface Scenario {
  /** `B6 kill -9 of the server`: the section of the promise first. */
  readonly name: string;
  readonly fault: string;
  readonly invariants: string;
  /** In the short set too. */
  readonly isShort?: boolean;
  /** Why it cannot run on this machine; undefined where it can. */
  readonly whyNot?: () => Promise<string | undefined>;
  run(context: Context): Promise<Told>;
}
