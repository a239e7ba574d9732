import {join} from 'node:path';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import {countOf} from '../output/amounts.ts';
import {conflictText, statusText, exitText, totalsText} from '../output/views/jobs.ts';
import {renderError} from '../render-error.ts';
import {childNames} from '../services/child-names.ts';
import {followChildren, listChildren} from '../services/follow-children.ts';
import {followJob} from '../services/follow-job.ts';
import {commandExit, failureOf} from '../services/job-exit.ts';
import {unpackOut} from '../services/unpack-out.ts';
import type {Context} from './context.ts';
import {watchInterrupts} from './interrupts.ts';
import {jobOutput, prefixedOutput} from './job-output.ts';

/** Shows a run until it ends, fetches what `--out` asked for, and resolves to the CLI's exit code. */
export async function followRun(context: Context, client: Client, job: JobView, stdin?: AsyncIterable<Uint8Array>): Promise<number> {
  const interrupts = watchInterrupts(context, client, job.id);
  try {
    const ended = await (job.children === undefined
      ? followOne(context, client, job, {signal: interrupts.leaving, stdin})
      : followAll(context, client, job, interrupts.leaving));
    await fetchOut(context, client, ended);
    if ((ended.conflicts ?? []).length > 0) context.say(conflictText(ended));
    tellFailure(context, ended);
    if (interrupts.first() === 'SIGPIPE') return 0;
    if (interrupts.first() === 'SIGTERM' && ended.outcome === 'cancelled') return 143;
    return commandExit(ended);
  } catch (error) {
    // What was to be written to the closed pipe fails in its own ways; the person has what they wanted.
    if (interrupts.first() === 'SIGPIPE') return await interrupts.told().then(() => 0);
    if (isBoxyardError(error) && error.code === 'INTERRUPTED') return 130;
    throw error;
  } finally {
    interrupts.release();
  }
}

async function followOne(
  context: Context,
  client: Client,
  job: JobView,
  {signal, stdin}: {signal: AbortSignal; stdin: AsyncIterable<Uint8Array> | undefined},
): Promise<JobView> {
  const output = jobOutput(context);
  const ended = await followJob(client, {job: job.id, signal, ...(stdin === undefined ? {} : {stdin})}, output);
  await output.end();
  return ended;
}

async function followAll(context: Context, client: Client, job: JobView, signal: AbortSignal): Promise<JobView> {
  for (const {name, why} of job.refusals ?? []) context.say(`Skipped ${name}: ${why}.`);
  const nameOf = await childNames(client, job);
  const ended = await followChildren(client, job, {signal, handlersOf: child => prefixedOutput(context, nameOf(child))});
  for (const child of await listChildren(client, job.id))
    if (child.outcome !== 'succeeded')
      context.say(`${nameOf(child)}: ${[statusText(child), exitText(child), failureOf(child)?.message].filter(Boolean).join(', ')}`);
  if (ended.children !== undefined) context.say(totalsText(ended.children));
  const failure = ended.reason?.code === 'gather_failed' ? [ended.reason.message, ended.reason.hint] : [];
  const result = ended.resultBytes === undefined ? [] : [`What came of it: boxyard jobs result ${ended.id}`];
  for (const line of [...failure, ...result]) if (line !== undefined) context.say(line);
  return ended;
}

async function fetchOut(context: Context, client: Client, job: JobView): Promise<void> {
  if (job.spec.kind !== 'run' || job.spec.out.length === 0) return;
  const parts = job.children === undefined ? [job] : await listChildren(client, job.id);
  const nameOf = await childNames(client, job);
  for (const part of parts) {
    if (part.out === undefined) continue;
    const dir = part === job ? context.program.cwd : join(context.program.cwd, nameOf(part));
    const written = await unpackOut(client.jobsOut({job: part.id}), dir);
    context.say(`Brought back ${countOf(written.length, 'file')} to ${dir}.`);
  }
}

function tellFailure({program, flags, colours}: Context, job: JobView): void {
  const failure = failureOf(job);
  if (failure === undefined || job.children !== undefined) return;
  program.stderr.write(
    renderError(failure, {json: flags.json || flags.output === 'json', debug: flags.debug, runsCommand: true, bold: colours.bold}),
  );
}
