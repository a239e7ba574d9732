import type {z} from 'zod';
import type {JobView} from '../api/index.ts';
import {mergeGaps} from '../blobs/rules-gaps.ts';
import {devboxIdOf} from '../devboxes/rules.ts';
import type {Gap, LogEnd} from '../protocol/index.ts';
import {egressOf} from '../security/rules.ts';
import {hasEnded, type JobRecord, type Run} from './rules-record.ts';
import {ttyOf} from './rules-tty.ts';
import type {ChildTotals} from './rules-totals.ts';

type View = z.infer<typeof JobView>;

export interface ViewExtras {
  readonly totals?: ChildTotals | undefined;
  /** Of its folders: files that two jobs changed. */
  readonly conflicts?: View['conflicts'] | undefined;
  readonly progress?: View['progress'];
  /** JSON; undefined where it is too large to be shown here, or nobody looked. */
  readonly result?: unknown;
  readonly have?: {readonly have: LogEnd; readonly gaps: readonly Gap[]} | undefined;
}

const iso = (ms: number): string => new Date(ms).toISOString();

const phaseView = ({startedAt, endedAt, ...phase}: JobRecord['phases'][number]): View['phases'][number] => ({
  ...phase,
  startedAt: iso(startedAt),
  ...given('endedAt', endedAt === undefined ? undefined : iso(endedAt)),
});

/** The record as a client sees it. Pure. */
export function jobView(record: JobRecord, extras: ViewExtras = {}): View {
  const {totals, have} = extras;
  const devbox = devboxIdOf(record.spec);
  const children = record.totals ?? totals;
  return {
    id: record.id,
    kind: record.kind,
    ...given('name', record.name),
    tenant: record.tenant,
    state: stateOf(record, children),
    ...given('outcome', record.outcome),
    ...given('source', record.source),
    ...given('partial', record.partial),
    ...given('reason', record.reason),
    ...given('refusals', record.refusals && [...record.refusals]),
    ...given('worker', record.worker),
    ...given('engine', record.engine),
    attempt: record.attempt,
    ...given('exit', record.exit),
    ...given('error', record.error),
    ...given(
      'cancelRequested',
      record.cancel && {at: iso(record.cancel.at), actor: record.cancel.actor, confirmed: record.cancel.confirmed},
    ),
    phases: record.phases.map(phaseView),
    ...given('logEnd', record.logEnd),
    ...given('have', have?.have),
    ...given('logsComplete', isComplete(record, have)),
    ...given('gaps', gapsOf(record, have)),
    ...given('out', record.out && {bytes: record.out.bytes}),
    ...given('image', record.image),
    ...reportedView(record, extras),
    ...given('session', sessionOf(record)),
    ...given('devbox', devbox === undefined ? undefined : {id: devbox, name: record.devboxName ?? devbox}),
    ...given('parent', record.parent),
    ...given('origin', record.origin && originView(record.origin)),
    ...given('children', children),
    ...(record.kind === 'run' || record.kind === 'devbox.create' ? {egress: egressOf(record.spec.profile)} : {}),
    actor: record.actor,
    createdAt: iso(record.createdAt),
    ...given('startedAt', record.startedAt === undefined ? undefined : iso(record.startedAt)),
    ...given('endedAt', record.endedAt === undefined ? undefined : iso(record.endedAt)),
    spec: record.spec,
    v: record.v,
  };
}

/** What it told of itself, and what gathers or is gathered. */
const reportedView = (record: JobRecord, {progress, result, conflicts}: ViewExtras): Partial<View> => ({
  ...given('conflicts', conflicts),
  ...given('progress', progress),
  ...given('result', result),
  ...given('resultBytes', record.result?.bytes),
  ...given('gathers', record.gathers && (true as const)),
  ...given('gatherJob', record.gatherJob),
});

const originView = ({cluster, role, trigger}: Run): View['origin'] => ({cluster: {...cluster}, role: {...role}, trigger: {...trigger}});

/** Of a command at a terminal, also before its worker has said anything of it. */
function sessionOf(record: JobRecord): View['session'] {
  const tty = ttyOf(record.spec);
  if (tty === undefined) return undefined;
  const {columns, rows} = tty;
  const known = record.session ?? {
    attention: {is: 'busy', since: record.createdAt, outputAt: record.createdAt},
    title: '',
    lastLine: '',
    size: {columns, rows},
    viewers: 0,
  };
  return hasEnded(record)
    ? {
        ...known,
        viewers: 0,
        attention: {...known.attention, is: 'ended', since: record.endedAt ?? record.createdAt},
        ...given('directory', record.directory),
      }
    : known;
}

/** A job with children runs while some of them have begun and not all have ended. */
function stateOf(record: JobRecord, totals: ChildTotals | undefined): View['state'] {
  if (record.hold === 'gather') return 'running';
  if (record.hold !== 'children' || totals === undefined) return record.state;
  return totals.queued === totals.total ? 'queued' : 'running';
}

/** "Succeeded" with a cut log must not look whole (architecture, output). */
function isComplete(record: JobRecord, have: ViewExtras['have']): boolean | undefined {
  if (record.state !== 'ended' || (gapsOf(record, have)?.length ?? 0) > 0) return false;
  if (record.logEnd === undefined) return record.sentAt === undefined || record.fan !== undefined;
  if (have === undefined) return undefined;
  const {logEnd} = record;
  return have.have.stdout >= logEnd.stdout && have.have.stderr >= logEnd.stderr && have.have.log >= logEnd.log;
}

function gapsOf(record: JobRecord, have: ViewExtras['have']): Gap[] | undefined {
  const gaps = mergeGaps([...(record.gaps ?? []), ...(have?.gaps ?? [])]);
  return gaps.length === 0 ? undefined : gaps;
}

const given = <K extends string, V>(key: K, value: V | undefined): {[P in K]?: V} =>
  value === undefined ? {} : ({[key]: value} as {[P in K]?: V});
