import {boolean} from '@oclif/core/flags';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {jobName} from '../output/views/jobs.ts';
import {followJob} from '../services/follow-job.ts';
import {failureOf, resultExit} from '../services/job-exit.ts';
import type {Context} from './context.ts';
import {watchInterrupts} from './interrupts.ts';
import {jobOutput} from './job-output.ts';

/** For commands whose work is a job: return when it is accepted. */
export const detach = boolean({char: 'd', description: 'return when it is accepted, and print the id of its job'});

export interface Finish {
  readonly detach: boolean;
  /** What is said when it has succeeded. */
  readonly done: string | ((job: JobView) => string);
  /** What is said before the error where it failed. */
  readonly failed?: string;
}

/** The id for programs on stdout, what to type next for people on stderr. */
export async function printAccepted({print, say}: Context, job: JobView, called: string = job.id): Promise<void> {
  await print.item(job, {name: jobName, text: jobName});
  if (print.format === 'table') say(`Follow: boxyard jobs logs ${called} -f`);
}

/** Waits for a job that changes something, with its progress on stderr; rejects with the job's own error where it failed. */
export async function finishJob(context: Context, client: Client, job: JobView, finish: Finish): Promise<number> {
  if (finish.detach) {
    await printAccepted(context, job);
    return 0;
  }
  const interrupts = watchInterrupts(context, client, job.id);
  const output = jobOutput(context);
  try {
    const options = {job: job.id, from: {log: 0}, signal: interrupts.leaving};
    const ended = await followJob(client, options, output);
    await output.end();
    const failure = failureOf(ended);
    if (failure !== undefined && ended.outcome !== 'cancelled') {
      if (finish.failed !== undefined) context.say(finish.failed);
      throw failure;
    }
    const done = typeof finish.done === 'string' ? finish.done : finish.done(ended);
    if (context.print.format === 'table' || context.print.format === 'name') context.say(failure?.message ?? done);
    else await context.print.item(ended, {name: jobName, text: () => done});
    return resultExit(ended);
  } finally {
    interrupts.release();
  }
}
