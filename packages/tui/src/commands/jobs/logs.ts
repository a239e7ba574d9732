import {boolean} from '@oclif/core/flags';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import type {Context} from '../../cli/context.ts';
import {choice, required, whole} from '../../cli/flags.ts';
import {gapText, jobOutput, prefixedOutput, type JobOutput} from '../../cli/job-output.ts';
import {childNames} from '../../services/child-names.ts';
import {followChildren, listChildren} from '../../services/follow-children.ts';
import {followJob} from '../../services/follow-job.ts';
import {lastLines} from '../../services/last-lines.ts';
import {watchLeaving} from '../../cli/interrupts.ts';

type Stream = 'stdout' | 'stderr' | 'log';
const streamsOf: Readonly<Record<string, readonly Stream[]>> = {
  all: ['log', 'stdout', 'stderr'],
  output: ['stdout', 'stderr'],
  stdout: ['stdout'],
  stderr: ['stderr'],
  log: ['log'],
};

export default defineCommand({
  summary: 'Show what a job wrote',
  description:
    'Its stdout to stdout and its stderr to stderr, byte for byte. The log stream is what Boxyard says about the job: pulls, builds, set-up.',
  examples: [
    {does: 'What it wrote until now', line: 'jobs logs j-abc'},
    {does: 'And what it will write', line: 'jobs logs j-abc --follow'},
    {does: 'The last lines of an exec in a DevBox', line: 'jobs logs web/dev --tail 20'},
    {does: 'How its image was pulled', line: 'jobs logs j-abc --stream log'},
  ],
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  flags: {
    follow: boolean({char: 'f', description: 'go on until the job has ended'}),
    stream: choice('stream', Object.keys(streamsOf))({description: 'which streams', default: 'output'}),
    tail: whole('tail', {min: 0, max: 1_000_000})({char: 'n', description: 'only the last lines of each stream', exclusive: ['follow']}),
    attempt: whole('attempt', {min: 1, max: 1_000_000})({description: 'of this attempt, not the last', exclusive: ['follow']}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const job = await client.jobsShow({job: args.job});
    if (flags.attempt !== undefined && flags.attempt > job.attempt.number)
      throw new BoxyardError('NOT_FOUND', {
        what: 'attempt',
        name: String(flags.attempt),
        hint: `Job ${job.id} is at attempt ${job.attempt.number}.`,
      });
    const streams = streamsOf[flags.stream]!;
    if (flags.follow) return follow(context, client, job, streams);
    const parts = job.children === undefined ? [job] : await listChildren(client, job.id);
    const nameOf = await childNames(client, job);
    for (const part of parts) {
      const output = part === job ? jobOutput(context) : prefixedOutput(context, nameOf(part));
      await show(client, part, output, {streams, tail: flags.tail, attempt: flags.attempt});
      for (const gap of part.gaps ?? []) if (streams.includes(gap.stream)) context.say(gapText(gap));
    }
    if (job.state === 'queued') context.say(`It has not begun: ${job.reason?.message ?? 'it waits'} See: boxyard jobs show ${job.id}`);
    return 0;
  },
});

async function show(
  client: Client,
  job: JobView,
  output: JobOutput,
  {streams, tail, attempt}: {streams: readonly Stream[]; tail: number | undefined; attempt: number | undefined},
): Promise<void> {
  for (const stream of streams) {
    const bytes = client.jobsLogs({job: job.id, query: attempt === undefined ? {stream} : {stream, attempt}});
    for await (const chunk of tail === undefined ? bytes : lastLines(bytes, tail)) await output.bytes(stream, chunk);
  }
  await output.end();
}

async function follow(context: Context, client: Client, job: JobView, streams: readonly Stream[]): Promise<number> {
  const {leaving: signal, release} = watchLeaving(context, job.id);
  try {
    if (job.children !== undefined) {
      const nameOf = await childNames(client, job);
      await followChildren(client, job, {signal, handlersOf: child => prefixedOutput(context, nameOf(child))});
      return 0;
    }
    const output = jobOutput(context);
    await followJob(client, {job: job.id, from: Object.fromEntries(streams.map(stream => [stream, 0])), signal}, output);
    await output.end();
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    release();
  }
}
