/**
 * A DevBox: what was asked, and what was last seen of it on its worker. Its state is a function of those, of the job at work
 * on it and of its worker's presence; no state is stored. Mutations are jobs, one at a time (`busy`), at most 8 behind it.
 */
import type {z} from 'zod';
import type {DevBoxState, Presence} from '../api/index.ts';
import type {DevBoxId, JobId, JobSpec, TenantId, WorkerId} from '../protocol/index.ts';
import type {JobRecord} from '../jobs/rules-record.ts';

export const mostWaiting = 8;

export interface Seen {
  readonly state: 'created' | 'running' | 'paused' | 'exited' | 'gone';
  readonly at: number;
  /** The agent's journal number at that moment: an older inventory says nothing new (R9). */
  readonly asOf: number;
  readonly why?: string | undefined;
}

export interface DevBoxRecord {
  readonly v: number;
  readonly id: DevBoxId;
  readonly tenant: TenantId;
  readonly name: string;
  readonly actor: string;
  readonly spec: Extract<JobSpec, {kind: 'devbox.create'}>;
  readonly worker?: {readonly id: WorkerId; readonly name: string} | undefined;
  readonly engine?: string | undefined;
  readonly box?: string | undefined;
  readonly seen?: Seen | undefined;
  readonly generation: number;
  readonly busy?: JobId | undefined;
  readonly queue: readonly JobId[];
  readonly createJob: JobId;
  readonly failure?: string | undefined;
  readonly removal?: {readonly job: JobId; readonly at: number} | undefined;
  readonly adopted?: true | undefined;
  readonly createdAt: number;
}

export interface WorkingJob {
  readonly kind: JobSpec['kind'];
  readonly state: JobRecord['state'];
  readonly phases: readonly {readonly name: string}[];
}

export interface StateWithReason {
  readonly state: z.infer<typeof DevBoxState>;
  readonly reason?: string | undefined;
}

/** Pure. `presence` is undefined while the DevBox has no worker yet. */
export function devboxState(
  record: DevBoxRecord,
  busy: WorkingJob | undefined,
  presence: z.infer<typeof Presence> | undefined,
): StateWithReason {
  if (record.removal !== undefined || busy?.kind === 'devbox.remove') return {state: 'removing'};
  if (busy?.kind === 'devbox.create') return {state: busy.phases.some(phase => phase.name === 'setup') ? 'setting-up' : 'creating'};
  if (record.failure !== undefined) return {state: 'failed', reason: record.failure};
  if (presence !== undefined && presence !== 'online')
    return {state: 'unknown', reason: presence === 'asleep' ? 'its worker is asleep' : `its worker is ${presence}`};
  if (record.seen === undefined) return {state: 'unknown', reason: 'not seen yet'};
  switch (record.seen.state) {
    case 'running':
    case 'paused':
      return {state: 'running'};
    case 'created':
    case 'exited':
      return {state: 'stopped', reason: record.seen.why};
    case 'gone':
      return {state: 'failed', reason: record.seen.why ?? 'its container is gone from the worker'};
  }
}

const mutations: readonly string[] = ['devbox.create', 'devbox.start', 'devbox.stop', 'devbox.remove', 'devbox.snapshot'];
export const isMutation = (kind: string): boolean => mutations.includes(kind);
export const devboxIdOf = (spec: JobSpec): string | undefined => ('devbox' in spec ? spec.devbox : undefined);

export interface DevBoxChange {
  /** Undefined: the record ends. */
  readonly after: DevBoxRecord | undefined;
  /** A job that waited behind the one that ended and may go on. */
  readonly lift?: JobId | undefined;
  /** Jobs that wait for a DevBox that is no more. */
  readonly drop: readonly JobId[];
}

/** What a step of one of its jobs makes of a DevBox; undefined where nothing. Pure. */
export function devboxAfter(
  record: DevBoxRecord,
  job: {readonly before: JobRecord; readonly after: JobRecord},
  now: number,
): DevBoxChange | undefined {
  if (!isMutation(job.after.kind)) return undefined;
  const seen = afterStep(record, job.before, job.after, now);
  if (seen === 'removed') return {after: undefined, drop: record.queue};
  if (job.after.state !== 'ended' || job.before.state === 'ended')
    return seen === record ? undefined : {after: bump(seen, record), drop: []};
  if (record.busy !== job.after.id) {
    const queue = seen.queue.filter(id => id !== job.after.id);
    const removal = seen.removal?.job === job.after.id ? undefined : seen.removal;
    return {after: bump({...seen, queue, removal}, record), drop: []};
  }
  const [lift, ...queue] = seen.queue;
  return {after: bump({...seen, busy: lift, queue}, record), lift, drop: []};
}

const bump = (after: DevBoxRecord, before: DevBoxRecord): DevBoxRecord => ({...after, v: before.v + 1});

function afterStep(record: DevBoxRecord, before: JobRecord, after: JobRecord, now: number): DevBoxRecord | 'removed' {
  const isSent = before.state === 'queued' && after.state === 'sent';
  if (after.kind === 'devbox.create') return afterCreate(record, after, isSent, now);
  if (after.kind === 'devbox.remove' && isSent)
    return {...record, generation: Math.max(record.generation, generationOf(after.spec)), busy: after.id};
  if (after.state !== 'ended') return record;
  if (after.kind === 'devbox.remove' && after.outcome === 'succeeded') return 'removed';
  if (after.kind === 'devbox.remove') return {...record, removal: undefined};
  if (after.outcome !== 'succeeded' || !isNewer(record.seen, after.asOf)) return record;
  if (after.kind === 'devbox.start') return {...record, seen: {state: 'running', at: now, asOf: after.asOf ?? 0}};
  if (after.kind === 'devbox.stop')
    return {...record, seen: {state: 'exited', at: now, asOf: after.asOf ?? 0, why: `stopped by ${after.actor}`}};
  return record;
}

function afterCreate(record: DevBoxRecord, job: JobRecord, isSent: boolean, now: number): DevBoxRecord {
  if (isSent) return {...record, worker: job.worker, engine: job.engine, box: job.box};
  if (job.state === 'queued' && record.worker !== undefined) return {...record, worker: undefined, engine: undefined, box: undefined};
  if (job.state !== 'ended') return record;
  if (job.outcome === 'succeeded') return {...record, failure: undefined, seen: {state: 'running', at: now, asOf: job.asOf ?? 0}};
  const failure =
    job.reason?.message ??
    (job.exit && 'code' in job.exit ? `setting it up ended with code ${job.exit.code}` : `creating it ${job.outcome}`);
  return {...record, failure};
}

const generationOf = (spec: JobSpec): number => ('generation' in spec ? spec.generation : 0);

/** Whether a fact with this journal number is later than what is known. */
export const isNewer = (seen: Seen | undefined, asOf: number | undefined): boolean =>
  seen === undefined || asOf === undefined || asOf >= seen.asOf;

/** What an inventory says of one DevBox: present in a state, or absent from a complete list (R9). */
export function devboxSeen(
  record: DevBoxRecord,
  found: {readonly state: Seen['state']; readonly exitCode?: number | undefined} | undefined,
  asOf: number,
  now: number,
): DevBoxRecord | undefined {
  if (record.seen !== undefined && asOf < record.seen.asOf) return undefined;
  if (record.busy !== undefined || (record.seen === undefined && record.failure === undefined)) return undefined;
  const state = found?.state ?? 'gone';
  if (record.seen?.state === state) return undefined;
  const why =
    state === 'exited' ? `its main process ended${found?.exitCode === undefined ? '' : ` with code ${found.exitCode}`}` : undefined;
  return {...record, v: record.v + 1, seen: {state, at: now, asOf, ...(why ? {why} : {})}};
}
