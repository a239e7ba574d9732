import type {Step} from '@boxyard/core/protocol';
import {checkLabels, checkReach} from '../floor.ts';
import {boxOf, execInBox, type StepContext} from './context.ts';
import {stdinInterrupted} from './container.ts';
import {putSecretFiles, secretsOf} from './secret-files.ts';
import {feedStdin} from './stdin.ts';

/** The command's end is the job's exit. An end nobody saw is `unknown`, and what is left of the command is killed (R23). */
export async function containerExec(context: StepContext, step: Extract<Step, {do: 'container.exec'}>): Promise<void> {
  const {floor, name} = context.parts.worker;
  const box = await boxOf(context, step.box);
  checkReach({cwd: step.command.cwd});
  checkLabels(box.labels, floor, name);
  const values = await secretsOf(context, step.secrets);
  await putSecretFiles(context, step.box, step.secrets);
  await context.starting();
  const {argv, env, cwd, user, stdin} = step.command;
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
      into: 'own',
      secrets: values.all,
      onRunning: state => {
        context.running();
        if (stdin) feedStdin(context, slot, state);
        context.parts.crash('after-start');
      },
    });
  const state = await context.phase('run', exec);
  const exit = state.exit ?? {unknown: 'exec_outcome_unknown'};
  if ('unknown' in exit) {
    await killLeftOver(context, step.box);
    if (stdin && context.row.stdinDone !== true) context.fail(stdinInterrupted(), 'stdin_interrupted');
  }
  context.ends({exit});
}

/** Whatever still carries the job's name in its environment; the one who looks does not. */
async function killLeftOver(context: StepContext, box: string): Promise<void> {
  const find = `for p in $(grep -lsE "(^|[^A-Z_])BOXYARD_JOB=${context.of.job}" /proc/[0-9]*/environ); do p="\${p#/proc/}"; kill -9 "\${p%/environ}" 2>/dev/null; done; :`;
  await execInBox(context, {slot: `sweep-${context.index}`, box, argv: ['sh', '-c', find], into: 'capture'}).catch((error: unknown) =>
    context.parts.log('left-over processes were not looked for', {box, error: String(error)}),
  );
}
