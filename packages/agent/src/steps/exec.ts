import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Exit, Step} from '@boxyard/core/protocol';
import {checkLabels, checkReach} from '../floor.ts';
import {boxOf, engineCall, execInBox, findBox, type StepContext} from './context.ts';
import {stdinInterrupted} from './container.ts';
import {maskedValues, putSecretFiles, secretsOf} from './secret-files.ts';
import {leftIn} from './left-in.ts';
import {feedStdin} from './stdin.ts';

type ExecStep = Extract<Step, {do: 'container.exec' | 'container.exec.background'}>;

/**
 * The command's end is the job's exit; where its container ended under it that is `container_gone`. An end nobody saw is
 * `unknown`, and what is left of the command is killed (R23).
 */
export async function containerExec(context: StepContext, step: ExecStep): Promise<void> {
  const {floor, name} = context.parts.worker;
  const box = await boxOf(context, step.box);
  checkReach({cwd: step.command.cwd});
  checkLabels(box.labels, floor, name);
  const values = await secretsOf(context, step.secrets);
  const masked = await maskedValues(context, step.masks ?? []);
  await putSecretFiles(context, step.box, step.secrets);
  await context.starting();
  const {argv, env, cwd, user, stdin, tty} = step.command;
  const slot = `exec-${context.index}`;
  const exec = () =>
    execInBox(context, {
      slot,
      box: step.box,
      argv,
      env: {...env, ...values.env, BOXYARD_JOB: context.of.job},
      cwd,
      user,
      stdin,
      tty,
      into: 'own',
      secrets: [...values.all, ...masked],
      report: values.report,
      onRunning: state => {
        context.running();
        if (stdin) feedStdin(context, slot, state);
        context.parts.crash('after-start');
      },
    });
  const state = await context.phase('run', exec);
  const exit = state.exit ?? {unknown: 'exec_outcome_unknown'};
  const hasEnded = async () => !context.signal.aborted && (await hasBoxEnded(context, step.box));
  if (!context.signal.aborted && mayBeKilled(exit)) {
    const look = await throughRestart(context, 'look at the box of an exec', hasEnded);
    // A box that its engine took along is not what the command missed first.
    const isEngines = look.wasAway && 'unknown' in exit && exit.unknown === 'engine_restarted';
    if (look.value === true && !isEngines) return context.ends({exit: {unknown: 'container_gone'}});
  }
  if ('unknown' in exit) {
    if (tty !== undefined) context.ends(leftIn(context.of.job));
    await killLeftOver(context, step.box);
    if (stdin && context.row.stdinDone !== true) context.fail(stdinInterrupted(), 'stdin_interrupted');
  }
  context.ends({exit});
}

const mayBeKilled = (exit: Exit): boolean => 'unknown' in exit || exit.code === 137 || exit.code === 143;

const LOOK_MS = 500;
const ENGINE_BACK_MS = 30_000;
const AGAIN_MS = 500;

interface Look<T> {
  /** Undefined where it took too long. */
  readonly value: T | undefined;
  /** The engine did not answer at once. */
  readonly wasAway: boolean;
}

/** An engine that was killed with the command is asked again until it is back (R7). */
async function throughRestart<T>({parts: {log}, of}: StepContext, what: string, work: () => Promise<T>): Promise<Look<T>> {
  const until = performance.now() + ENGINE_BACK_MS;
  for (let wasAway = false; ; await delay(AGAIN_MS)) {
    try {
      return {value: await work(), wasAway};
    } catch (error) {
      log(`could not ${what}`, {job: of.job, error: String(error)});
      if (performance.now() > until || (isBoxyardError(error) && error.code === 'UNSUPPORTED')) return {value: undefined, wasAway};
      wasAway = true;
    }
  }
}

/** An engine may say that a command ended a moment before it says so of the container that took it along. */
async function hasBoxEnded(context: StepContext, name: string): Promise<boolean> {
  for (const until = performance.now() + LOOK_MS; ;) {
    const box = await findBox(context, name);
    const state = box && (await engineCall(context, 'inspect', signal => box.inspect(signal)));
    if (state?.is !== 'running' && state?.is !== 'paused') return true;
    if (performance.now() > until) return false;
    await delay(50, undefined, {signal: context.signal});
  }
}

/**
 * Whatever still has the job's name in its environment: an engine forgets an exec with the one who started it. Not under the
 * job's signal: a cancelled job leaves nothing behind either.
 */
async function killLeftOver(context: StepContext, box: string): Promise<void> {
  const {engines, log, worker} = context.parts;
  const kill = () =>
    engines.call(context.start.engine, 'kill what is left', async (engine, signal) => {
      const found = await engine.find(box, signal);
      if (found?.labels['io.boxyard.agent'] !== worker.machine) return 0;
      if ((await found.inspect(signal)).is !== 'running') return 0;
      const {killMarked} = engine.features;
      if (killMarked === undefined) throw new BoxyardError('UNSUPPORTED', {what: 'killMarked', by: context.start.engine});
      return killMarked(found, {name: 'BOXYARD_JOB', value: context.of.job}, signal);
    });
  const {value: killed} = await throughRestart(context, 'end what is left of an exec', kill);
  if (killed !== undefined) log('an exec that nobody held any more was ended', {job: context.of.job, box, killed});
}
