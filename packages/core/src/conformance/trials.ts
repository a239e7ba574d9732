import {setTimeout as delay} from 'node:timers/promises';
import type {CaseResult, VerifyOptions} from './contract.ts';

/** A case made ready to run, whatever kind of plugin it is about. */
export interface Trial {
  readonly name: string;
  readonly needs: readonly string[];
  /** Why it is not run. */
  readonly leftOut?: string | undefined;
  /** Nothing else runs meanwhile. */
  readonly isAlone?: boolean | undefined;
  run(signal: AbortSignal): Promise<void>;
}

const usualCaseMs = 120_000;
const usualAtATime = 4;
/** How long a case may go on after its signal aborted: as long as a guarded call may. */
const CLEAN_UP_MS = 6_000;

type TrialOptions = Pick<VerifyOptions, 'signal' | 'only' | 'caseMs' | 'atATime' | 'onPlan' | 'onStart' | 'onResult'>;

/** Runs some at a time, those that want to be alone last; a case that fails, hangs or throws is a result like any other. */
export async function runTrials(trials: readonly Trial[], options: TrialOptions): Promise<readonly CaseResult[]> {
  const {only = () => true, atATime = usualAtATime, onPlan, onResult} = options;
  const wanted = trials.filter(({name}) => only(name));
  onPlan?.(wanted.length);
  const results = new Map<string, CaseResult>();
  const waiting = wanted.filter(({isAlone}) => isAlone !== true);
  const runOne = async (trial: Trial): Promise<void> => {
    const result = await resultOf(trial, options);
    results.set(trial.name, result);
    onResult?.(result);
  };
  const work = async (): Promise<void> => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) await runOne(trial);
  };
  await Promise.all(Array.from({length: atATime}, work));
  for (const trial of wanted.filter(({isAlone}) => isAlone === true)) await runOne(trial);
  return wanted.flatMap(({name}) => results.get(name) ?? []);
}

async function resultOf(trial: Trial, {signal, onStart, caseMs = usualCaseMs}: TrialOptions): Promise<CaseResult> {
  const {name, needs} = trial;
  const leftOut = trial.leftOut ?? (signal.aborted ? 'interrupted' : undefined);
  if (leftOut !== undefined) return {name, needs, outcome: 'left-out', why: leftOut, ms: 0};
  onStart?.(name);
  const from = performance.now();
  const why = await whyFailed(trial, signal, caseMs);
  const ms = Math.round(performance.now() - from);
  if (signal.aborted) return {name, needs, outcome: 'left-out', why: 'interrupted', ms};
  return {name, needs, outcome: why === undefined ? 'passed' : 'failed', why, ms};
}

async function whyFailed(trial: Trial, signal: AbortSignal, caseMs: number): Promise<string | undefined> {
  const late = new AbortController();
  const tooLate = `it did not end within ${caseMs / 1_000} s`;
  const timer = setTimeout(() => late.abort(new Error(tooLate)), caseMs);
  const ended = new AbortController();
  const both = AbortSignal.any([signal, late.signal]);
  const givenUp = async (): Promise<string> => {
    await new Promise<void>(resolve => {
      if (both.aborted) return resolve();
      both.addEventListener('abort', () => resolve(), {once: true});
    });
    await delay(CLEAN_UP_MS, undefined, {signal: ended.signal}).catch(() => undefined);
    return tooLate;
  };
  const run = Promise.resolve()
    .then(() => trial.run(both))
    .then(
      () => undefined,
      (error: unknown) => (late.signal.aborted ? tooLate : textOf(error)),
    );
  try {
    return await Promise.race([run, givenUp()]);
  } finally {
    ended.abort();
    clearTimeout(timer);
  }
}

/** The first words of what an assertion says; its own pictures of objects are for a terminal with colours. */
function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${text}${cause}`.slice(0, 2_000);
}
