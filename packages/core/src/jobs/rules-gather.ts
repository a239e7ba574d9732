import type {Gather, JobSpec} from '../protocol/index.ts';
import {copyOf} from './rules-children.ts';
import type {JobRecord} from './rules-record.ts';
import type {ChildTotals} from './rules-totals.ts';

const mib = 1024 ** 2;
const mostInAll = 8 * mib;
const mostOfOne = 64 * 1024;
const leastOfOne = 512;
/** The most that the stdout of a job that gathers counts for. */
export const mostGathered = 4 * mib;

/** How many bytes of a child's stdout, stderr and result are handed on, so that all of them together stay bounded. */
export function shareOf(children: number): {readonly stdout: number; readonly stderr: number; readonly result: number} {
  const share = Math.max(leastOfOne, Math.min(mostOfOne, Math.floor(mostInAll / Math.max(children, 1))));
  return {stdout: share, stderr: Math.floor(share / 4), result: share};
}

/** The end of a stream, and how many bytes before it were left out. */
export interface Tail {
  readonly text: string;
  readonly omitted: number;
}

export interface ChildOutput {
  readonly stdout: Tail;
  readonly stderr: Tail;
  /** JSON; undefined where it reported none, or more than its share. */
  readonly result?: string | undefined;
  /** Every byte it wrote has come. */
  readonly isComplete: boolean;
}

const mark = new RegExp(`\u001b\\]6973;\\*{64};[^\u0007]*\u0007`, 'g');
/** Without what `boxyard-report` said in the stream: that has been heard, and is told as result. */
export const withoutMarks = (text: string): string => text.replace(mark, '');

/** What is told of one child. */
export function childDocument(record: JobRecord, {stdout, stderr, result, isComplete}: ChildOutput) {
  const {index, item, matrix} = copyOf(record.spec) ?? {index: record.index ?? 0};
  const omitted = {
    ...(stdout.omitted > 0 ? {stdout: stdout.omitted} : {}),
    ...(stderr.omitted > 0 ? {stderr: stderr.omitted} : {}),
    ...(record.result !== undefined && result === undefined ? {result: record.result.bytes} : {}),
  };
  return {
    index,
    job: record.id,
    run: record.parent,
    ...(item === undefined ? {} : {item}),
    ...(matrix === undefined ? {} : {matrix}),
    outcome: record.outcome,
    ...(record.exit === undefined ? {} : {exit: record.exit}),
    ...(record.reason === undefined ? {} : {reason: record.reason}),
    ...(record.worker === undefined ? {} : {worker: record.worker.name}),
    ...(result === undefined ? {} : {result: JSON.parse(result) as unknown}),
    stdout: stdout.text,
    stderr: stderr.text,
    ...(Object.keys(omitted).length === 0 ? {} : {omitted}),
    ...(isComplete ? {} : {incomplete: true}),
  };
}
export type ChildDocument = ReturnType<typeof childDocument>;

/** What `gather: json` gives, and what a command reads. */
export const gatheredDocument = (parent: JobRecord, totals: ChildTotals, children: readonly ChildDocument[]) => ({
  job: parent.id,
  ...(parent.name === undefined ? {} : {name: parent.name}),
  totals,
  children: children
    // Of an earlier run it goes on with that is said.
    .map(({run, ...child}) => (run === parent.id ? child : {...child, run}))
    .toSorted((a, b) => a.index - b.index),
});
export type GatheredDocument = ReturnType<typeof gatheredDocument>;

/** Undefined where a command makes the result. */
export function builtInResult(gather: Gather, document: GatheredDocument): string | undefined {
  if (gather === 'json') return JSON.stringify(document);
  return gather === 'concat' ? JSON.stringify(document.children.map(child => child.stdout).join('')) : undefined;
}

/** The job that gathers is as its parent's children are, but for the command, what feeds it, and what they were given and gave back. */
export function gatherSpec(spec: JobSpec, command: readonly string[]): JobSpec {
  if (spec.kind !== 'run') return spec;
  const {fanOut: _fanOut, source: _source, tty: _tty, ...rest} = spec;
  return {...rest, out: [], box: {...rest.box, main: [...command], stdin: true}};
}

/** What a command wrote: the JSON it is, else the text. */
export function writtenResult(stdout: string): string {
  try {
    return JSON.stringify(JSON.parse(stdout));
  } catch {
    return JSON.stringify(stdout);
  }
}

/** Why nothing was gathered. */
export function gatherFailure(job: JobRecord): NonNullable<JobRecord['reason']> {
  const how =
    job.reason?.message ?? (job.exit !== undefined && 'code' in job.exit ? `It ended with ${job.exit.code}.` : `It was ${job.outcome}.`);
  return {code: 'gather_failed', message: `What its children did could not be gathered. ${how}`, hint: `boxyard jobs logs ${job.id}`};
}
