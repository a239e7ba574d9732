import {once} from 'node:events';
import type {Writable} from 'node:stream';
import type {JobView} from '@boxyard/core/api';
import type {Gap, OutputName} from '@boxyard/core/protocol';
import {createLogFilter, type LogFilter} from '../output/log-text.ts';
import {createMarkFilter} from '../output/report-marks.ts';
import {safeLine} from '../output/safe-text.ts';
import type {FollowHandlers} from '../services/follow-job.ts';
import type {Context} from './context.ts';

/** Shows a job's streams where they belong: stdout to stdout, stderr and what Boxyard says about the job to stderr. */
export interface JobOutput extends FollowHandlers {
  bytes(stream: OutputName, bytes: Uint8Array, offset?: number): Promise<void>;
  /** Writes what was held back; call it once, at the end. */
  end(): Promise<void>;
}

/** Without the marks of `boxyard-report`, whose news has gone elsewhere. */
function withoutMarks(output: JobOutput): JobOutput {
  const filters = new Map<OutputName, ReturnType<typeof createMarkFilter>>();
  return {
    ...output,
    async bytes(stream, bytes, offset) {
      const filter = filters.get(stream) ?? createMarkFilter();
      filters.set(stream, filter);
      const shown = filter.write(bytes);
      if (shown.length > 0) await output.bytes(stream, shown, offset);
    },
    async end() {
      for (const [stream, filter] of filters) {
        const rest = filter.end();
        if (rest.length > 0) await output.bytes(stream, rest);
      }
      await output.end();
    },
  };
}

/** A pipe gets the bytes as they are; a terminal gets them without what could take it over. */
export const jobOutput = (context: Context): JobOutput => withoutMarks(plainOutput(context));

function plainOutput({program, flags, say}: Context): JobOutput {
  const filters = new Map<OutputName, LogFilter>();
  const targets = {stdout: program.stdout, stderr: program.stderr, log: program.stderr};
  const filterOf = (stream: OutputName): LogFilter => {
    const filter = filters.get(stream) ?? createLogFilter();
    filters.set(stream, filter);
    return filter;
  };
  const notes = waitingNotes(say);
  const put = (stream: OutputName, bytes: Uint8Array) =>
    write(targets[stream], targets[stream].isTTY ? filterOf(stream).write(bytes) : bytes);
  return {
    async bytes(stream, bytes) {
      if (stream === 'log' && flags.quiet) return;
      await put(stream, bytes);
    },
    gap: gap => say(gapText(gap)),
    job: notes.see,
    away: isAway => say(isAway ? 'The server is away; waiting for it. The job goes on.' : 'The server is back.'),
    async end() {
      notes.end();
      for (const [stream, filter] of filters) await write(targets[stream], filter.end());
    },
  };
}

export const gapText = ({stream, from, to, reason}: Gap): string =>
  reason === 'engine-log'
    ? `[bytes ${from} to ${to} of ${stream} were read back from the engine’s log]`
    : `[bytes ${from} to ${to} of ${stream} are missing: ${reason}]`;

export async function write(target: Writable, data: string | Uint8Array): Promise<void> {
  if (data.length > 0 && !target.write(data)) await once(target, 'drain');
}

const patienceMs = 1_500;

/** Says why a job waits, once for each reason, and only where it waits for a while. */
function waitingNotes(say: (line: string) => void): {see(job: JobView): void; end(): void} {
  let said = '';
  let latest: JobView | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    const text = latest?.state === 'queued' ? waitingText(latest) : '';
    if (text !== '' && text !== said) say(`Waiting: ${text}`);
    said = text || said;
    timer = undefined;
  };
  return {
    see(job) {
      latest = job;
      if (job.state === 'queued') timer ??= setTimeout(tell, patienceMs);
    },
    end: () => clearTimeout(timer),
  };
}

function waitingText({reason, refusals = []}: JobView): string {
  const rows = refusals.map(refusal => `${safeLine(refusal.name)}: ${safeLine(refusal.why)}`);
  const isInRows = reason !== undefined && rows.some(row => row.includes(reason.message) || reason.message.includes(row));
  const head = reason === undefined ? 'no worker has taken it yet' : reason.message;
  return [...(isInRows && rows.length === 1 ? rows : [head, ...rows.map(row => `  ${row}`)]), reason?.hint].filter(Boolean).join('\n');
}

/** The same for one of many: whole lines, each with the name of who wrote it in front. */
export const prefixedOutput = (context: Context, name: string): JobOutput => withoutMarks(linesOutput(context, name));

function linesOutput(context: Context, name: string): JobOutput {
  const rests = new Map<OutputName, Buffer>();
  const {program, flags} = context;
  const prefix = Buffer.from(`${safeLine(name)} | `);
  const targetOf = (stream: OutputName) => (stream === 'stdout' ? program.stdout : program.stderr);
  const show = (stream: OutputName, lines: Buffer) => {
    const target = targetOf(stream);
    if (!target.isTTY) return write(target, lines);
    const filter = createLogFilter();
    return write(target, filter.write(lines) + filter.end());
  };
  return {
    async bytes(stream, bytes) {
      if (stream === 'log' && flags.quiet) return;
      const all = Buffer.concat([rests.get(stream) ?? Buffer.alloc(0), bytes]);
      const end = all.lastIndexOf(0x0a) + 1;
      rests.set(stream, all.subarray(end));
      if (end > 0) await show(stream, prefixLines(all.subarray(0, end), prefix));
    },
    gap: gap => context.say(`${name}: ${gapText(gap)}`),
    async end() {
      for (const [stream, rest] of rests)
        if (rest.length > 0) await show(stream, prefixLines(Buffer.concat([rest, Buffer.from('\n')]), prefix));
    },
  };
}

function prefixLines(lines: Buffer, prefix: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(0x0a, at) + 1;
    parts.push(prefix, lines.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}
