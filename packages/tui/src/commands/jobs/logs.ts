import {boolean, string} from '@oclif/core/flags';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import type {Context} from '../../cli/context.ts';
import {choice, required, whole} from '../../cli/flags.ts';
import {gapText, jobOutput, prefixedOutput, type JobOutput} from '../../cli/job-output.ts';
import {childNames} from '../../services/child-names.ts';
import {followChildren, listChildren} from '../../services/follow-children.ts';
import {parseMoment} from '../../output/amounts.ts';
import {followJob} from '../../services/follow-job.ts';
import {lastLines} from '../../services/last-lines.ts';
import {createStamper, offsetSince, placed, timeAt} from '../../services/log-times.ts';
import {watchLeaving} from '../../cli/interrupts.ts';
import {stampedOutput} from '../../cli/stamped-output.ts';

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
    {does: 'What came in the last ten minutes, and when', line: 'jobs logs web/dev --since 10m --timestamps'},
    {does: 'How its image was pulled', line: 'jobs logs j-abc --stream log'},
  ],
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  flags: {
    follow: boolean({char: 'f', description: 'go on until the job has ended'}),
    stream: choice('stream', Object.keys(streamsOf))({description: 'which streams', default: 'output'}),
    tail: whole('tail', {min: 0, max: 1_000_000})({char: 'n', description: 'only the last lines of each stream', exclusive: ['follow']}),
    since: string({
      helpValue: 'TIME',
      description: 'only what came so long ago at most (10m, 2h), or since a time (2026-03-01T10:00Z)',
    }),
    timestamps: boolean({char: 't', description: 'write in front of each line when it came to the server, to the second'}),
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
    const since = flags.since === undefined ? undefined : parseMoment(flags.since, '--since', context.program.now());
    const {tail, attempt, timestamps} = flags;
    const wish = {streams, since, tail, attempt, timestamps};
    if (flags.follow) return follow(context, client, job, wish);
    const parts = job.children === undefined ? [job] : await listChildren(client, job.id);
    const nameOf = await childNames(client, job);
    for (const part of parts) {
      const output = part === job ? jobOutput(context) : prefixedOutput(context, nameOf(part));
      await show(client, part, output, wish);
      for (const gap of part.gaps ?? []) if (streams.includes(gap.stream)) context.say(gapText(gap));
    }
    if (job.state === 'queued') context.say(`It has not begun: ${job.reason?.message ?? 'it waits'} See: boxyard jobs show ${job.id}`);
    return 0;
  },
});

interface Wish {
  readonly streams: readonly Stream[];
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly tail: number | undefined;
  readonly attempt: number | undefined;
  readonly timestamps: boolean;
}
/** The server's marks tell times to the second. */
const precisionMs = 1_000;

async function show(client: Client, job: JobView, output: JobOutput, wish: Wish): Promise<void> {
  for (const stream of wish.streams) for await (const chunk of bytesOf(client, job, stream, wish)) await output.bytes(stream, chunk);
  await output.end();
}

async function* bytesOf(client: Client, job: JobView, stream: Stream, wish: Wish): AsyncGenerator<Uint8Array> {
  const {since, tail, attempt, timestamps} = wish;
  const query = attempt === undefined ? {stream} : {stream, attempt};
  const wantsTimes = since !== undefined || timestamps;
  const marks = wantsTimes ? (await client.jobsLogTimes({job: job.id, query})).marks : [];
  const from = since === undefined ? 0 : offsetSince(marks, since, precisionMs);
  if (from === undefined) return;
  const bytes = client.jobsLogs({job: job.id, query: {...query, from}});
  const shown = timestamps
    ? stamped(
        placed(
          bytes,
          from,
          (job.gaps ?? []).filter(gap => gap.stream === stream),
        ),
        marks,
      )
    : bytes;
  yield* tail === undefined ? shown : lastLines(shown, tail);
}

async function* stamped(pieces: ReturnType<typeof placed>, marks: Parameters<typeof timeAt>[0]): AsyncGenerator<Uint8Array> {
  const stamp = createStamper(offset => timeAt(marks, offset) ?? 0);
  for await (const piece of pieces) yield stamp(piece);
}

async function follow(context: Context, client: Client, job: JobView, wish: Wish): Promise<number> {
  if (wish.since !== undefined && job.children !== undefined)
    throw new BoxyardError('INVALID_INPUT', {field: '--since', issue: 'does not go together with --follow where a job has children'});
  const {leaving: signal, release} = watchLeaving(context, job.id);
  const outputOf = (id: string, plain: JobOutput) => (wish.timestamps ? stampedOutput(client, id, plain, context.program.now) : plain);
  try {
    if (job.children !== undefined) {
      const nameOf = await childNames(client, job);
      await followChildren(client, job, {signal, handlersOf: child => outputOf(child.id, prefixedOutput(context, nameOf(child)))});
      return 0;
    }
    const output = outputOf(job.id, jobOutput(context));
    await followJob(client, {job: job.id, from: await startsOf(client, job, wish), signal}, output);
    await output.end();
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    release();
  }
}

async function startsOf(client: Client, job: JobView, {streams, since}: Wish): Promise<Partial<Record<Stream, number>>> {
  const startOf = async (stream: Stream): Promise<[Stream, number]> => {
    if (since === undefined) return [stream, 0];
    const {marks, length} = await client.jobsLogTimes({job: job.id, query: {stream}});
    return [stream, offsetSince(marks, since, precisionMs) ?? length];
  };
  return Object.fromEntries(await Promise.all(streams.map(startOf)));
}
