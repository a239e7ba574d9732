import {EngineView, type ContainerEngine} from './lab/engine-view.ts';
import {seeded} from './scenarios/random.ts';
import type {Scenario, Told} from './scenarios/scenario.ts';

export type Result = {readonly name: string; readonly fault: string; readonly invariants: string; readonly seconds: number} & (
  | {readonly verdict: 'held'; readonly jobs: number; readonly figures?: Told['figures']}
  | {readonly verdict: 'broken'; readonly why: string}
  | {readonly verdict: 'skipped'; readonly why: string}
);

export interface RunSettings {
  readonly seed: number;
  readonly short: boolean;
  readonly log: (line: string) => void;
}

/** One scenario to its verdict; it never rejects. */
export async function runScenario(scenario: Scenario, {seed, short, log}: RunSettings): Promise<Result> {
  const before = Date.now();
  const head = {name: scenario.name, fault: scenario.fault, invariants: scenario.invariants};
  const seconds = () => Math.round((Date.now() - before) / 100) / 10;
  try {
    const reason = (await scenario.whyNot?.()) ?? (await missingEngine(scenario));
    if (reason !== undefined) return {...head, verdict: 'skipped', why: reason, seconds: seconds()};
    const told = await withinTime(scenario.run({random: seeded(seed), short, log}), short ? 120_000 : 900_000);
    return {...head, verdict: 'held', seconds: seconds(), ...told};
  } catch (error) {
    return {...head, verdict: 'broken', why: reasonOf(error), seconds: seconds()};
  }
}

/** A scenario that never ends is a broken promise, too; what it opened is released when the process ends. */
async function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not over within ${ms / 1_000} s`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A scenario about an engine says so in its name. */
async function missingEngine({name}: Scenario): Promise<string | undefined> {
  const engine = /\b(docker|podman)\b/.exec(name)?.[1] as ContainerEngine | undefined;
  if (engine === undefined) return undefined;
  const view = await EngineView.open(engine);
  return view === undefined ? `${engine} does not answer here` : undefined;
}

const reasonOf = (error: unknown): string => {
  if (error instanceof SuppressedError) return `${reasonOf(error.suppressed)}; and then ${reasonOf(error.error)}`;
  return error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
};
