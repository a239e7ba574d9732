import type {z} from 'zod';
import type {JobState, Origin, Outcome, Reason, Refusal, Totals} from '../api/index.ts';
import type {FolderPlan} from '../services.ts';
import type {ResultRef} from '../blobs/rules-results.ts';
import type {
  Attempt,
  Exit,
  Gap,
  JobId,
  JobKind,
  JobSpec,
  LogEnd,
  Phase,
  SessionState,
  TenantId,
  WireError,
  WorkerId,
} from '../protocol/index.ts';

export type State = z.infer<typeof JobState>;
export type JobOutcome = z.infer<typeof Outcome>;
type Wire = z.infer<typeof WireError>;

/** Why a queued job is outside the waiting set; whoever lifts it puts the job into the set. */
export type Hold = 'back-off' | 'devbox_busy' | 'removal_grace' | 'role_busy' | 'children' | 'gather';

export interface Cancel {
  readonly at: number;
  readonly actor: string;
  readonly reason: string;
  /** When the server decides alone, if the worker has not confirmed. */
  readonly deadline: number;
  readonly confirmed: boolean;
}

/** What an attempt that no longer counts reported. */
export interface Superseded {
  readonly attempt: number;
  readonly outcome: JobOutcome;
  readonly at: number;
}

/** A run of a role; `most` go on at one time. Its children have it too, and count for nothing there. */
export interface Run extends Origin {
  readonly most: number;
  /** What its jobs are told beside their command: prompts and inputs. */
  readonly env: Readonly<Record<string, string>>;
  /** What they see of the cluster's folders; absent: nothing. */
  readonly folders?: FolderPlan | undefined;
  /** Those of them in which `{{NAME}}` stands for something: what the cluster's owners wrote, and nobody from outside. */
  readonly templates?: readonly string[] | undefined;
}

/** Of a job with children: how many there are to be, how many were made so far, and for whom those of `each` are. */
export interface Fan {
  readonly total: number;
  readonly made: number;
  readonly targets?: readonly string[] | undefined;
  /** The end is certain: children that are left are cancelled. */
  readonly verdict?: 'succeeded' | 'failed' | undefined;
}

export interface EarlierRun {
  readonly run: JobId;
  readonly except: readonly number[];
}

/**
 * The truth about a job. `v` comes first in its JSON and rises with every change: it is what a transition compares.
 * Per attempt `queued → sent → running → ended`, compared as (attempt, rank): a retry is forward.
 */
export interface JobRecord {
  readonly v: number;
  readonly id: JobId;
  readonly tenant: TenantId;
  readonly kind: JobKind;
  readonly name?: string | undefined;
  readonly actor: string;
  readonly spec: JobSpec;
  readonly attempt: Attempt;
  readonly state: State;
  readonly hold?: Hold | undefined;
  /** Hash of the needs: which waiting set it is in while it waits. */
  readonly group: string;
  readonly outcome?: JobOutcome | undefined;
  readonly source?: 'worker' | 'server' | undefined;
  readonly reason?: Reason | undefined;
  readonly refusals?: readonly Refusal[] | undefined;
  readonly worker?: {readonly id: WorkerId; readonly name: string} | undefined;
  readonly engine?: string | undefined;
  readonly box?: string | undefined;
  readonly cancel?: Cancel | undefined;
  readonly phases: readonly Phase[];
  readonly exit?: Exit | undefined;
  readonly error?: Wire | undefined;
  readonly logEnd?: LogEnd | undefined;
  readonly gaps?: readonly Gap[] | undefined;
  readonly out?: {readonly blob: string; readonly bytes: number} | undefined;
  readonly image?: {readonly id: string; readonly ref: string} | undefined;
  /** What the attempt reported, or what was gathered of its children: JSON that lies beside its output. */
  readonly result?: ResultRef | undefined;
  readonly asOf?: number | undefined;
  /** Of a command at a terminal, from the worker's first word about it. */
  readonly session?: SessionState | undefined;
  /** Where its program was when its engine was killed with it. */
  readonly directory?: string | undefined;
  readonly devboxName?: string | undefined;
  readonly parent?: JobId | undefined;
  readonly index?: number | undefined;
  readonly fan?: Fan | undefined;
  /** Of a parent whose children have ended: the job that gathers their results. */
  readonly gatherJob?: JobId | undefined;
  /** It is that job of its parent, and none of the children. */
  readonly gathers?: true | undefined;
  /** Of a parent that runs the children again that did not succeed in this one. */
  readonly retries?: JobId | undefined;
  /** Of a job that gathers: earlier runs that its parent goes on with, the newest first, and which of their children are done again. */
  readonly earlier?: readonly EarlierRun[] | undefined;
  /** Of a run of a role, and of its children. */
  readonly origin?: Run | undefined;
  /** Its end may let others of its parent's children begin, or make them needless. */
  readonly wakesParent?: true | undefined;
  readonly totals?: z.infer<typeof Totals> | undefined;
  readonly partial?: true | undefined;
  readonly tries: number;
  readonly superseded?: readonly Superseded[] | undefined;
  readonly createdAt: number;
  readonly queueUntil?: number | undefined;
  readonly holdUntil?: number | undefined;
  readonly acceptedAt?: number | undefined;
  readonly sentAt?: number | undefined;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** The worker was asked about a silent deadline or a loss until then. */
  readonly lookAt?: number | undefined;
}

/** The name an exec has to itself in its DevBox until it ends. A display has its own, which no exec can be given. */
export function execName({spec}: JobRecord): {readonly devbox: string; readonly name: string} | undefined {
  if (spec.kind === 'display') return {devbox: spec.devbox, name: `display:${spec.display}`};
  return spec.kind === 'exec' && spec.name !== undefined ? {devbox: spec.devbox, name: spec.name} : undefined;
}

/** It uses a DevBox and leaves it as it is: several at once are nothing to the DevBox's record. */
export const isInDevBox = ({kind}: JobRecord): boolean => kind === 'exec' || kind === 'display';

/** What stands at the beginning of a record's JSON at this version. */
export const versionPrefix = (v: number): string => `{"v":${v},`;
export const writeRecord = (record: {readonly v: number}): string => {
  const {v, ...rest} = record;
  return JSON.stringify({v, ...rest});
};

/** The record in what is stored under a job's key; undefined where that is no record of it. */
export function recordOf(id: string, text: string): JobRecord | undefined {
  try {
    const record = JSON.parse(text) as JobRecord | null;
    return record?.id === id ? record : undefined;
  } catch {
    return undefined;
  }
}

export const hasEnded = (record: JobRecord): boolean => record.state === 'ended';
/** Not to be run itself: its children are, or the job that gathers their results. */
export const isOfOthers = ({hold}: JobRecord): boolean => hold === 'children' || hold === 'gather';
/** Whether its program is given a secret to report with. */
export const mayReport = ({spec, parent, origin}: JobRecord): boolean =>
  spec.kind === 'run' && spec.fanOut === undefined && (parent !== undefined || origin !== undefined || spec.report === true);
export const isWaiting = (record: JobRecord): boolean => record.state === 'queued' && record.hold === undefined;
/** Whether what its present attempt says still counts: an end that the server decided alone is provisional (R10). */
export const stillCounts = (record: JobRecord): boolean =>
  isOnWorker(record) || (hasEnded(record) && record.source === 'server' && record.sentAt !== undefined);
export const isOnWorker = (record: JobRecord): boolean => record.state === 'sent' || record.state === 'running';

/** The due row: when somebody must look at the job whatever happens; undefined where nothing is to be done by time. */
export function dueAt(record: JobRecord): number | undefined {
  if (hasEnded(record)) return undefined;
  if (record.hold === 'gather') return record.cancel === undefined ? undefined : 0;
  if (record.hold === 'children') return isFanOutDue(record) ? 0 : undefined;
  if (record.state === 'queued') return earliest(record.holdUntil, record.queueUntil);
  return earliest(record.cancel?.deadline, deadlineOf(record), record.lookAt);
}

/** Where only so many may run at once, those that are left wait for the end of others, which makes the parent due. */
function isFanOutDue({cancel, fan, spec}: JobRecord): boolean {
  if (cancel !== undefined || fan?.verdict !== undefined) return true;
  const isLimited = spec.kind === 'run' && spec.fanOut?.parallel !== undefined;
  return fan !== undefined && (isLimited ? fan.made === 0 : fan.made < fan.total);
}

/** When a running job of a silent agent is over its time; the agent enforces the time itself, this is for when it cannot. */
export function deadlineOf(record: JobRecord): number | undefined {
  if (record.startedAt === undefined || record.spec.timeoutMs === undefined) return undefined;
  return record.startedAt + record.spec.timeoutMs + record.spec.graceMs;
}

const earliest = (...times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((first, time) => (first === undefined || (time !== undefined && time < first) ? time : first), undefined);

/** The parent's counter that a child is in. */
export function bucketOf(record: JobRecord): keyof z.infer<typeof Totals> {
  if (record.state === 'queued') return 'queued';
  if (record.state !== 'ended') return 'running';
  return record.outcome ?? 'failed';
}

/** One-job secrets go with the outcome; those of children are their parent's. */
export const hasOwnSecretsLeft = (before: JobRecord | undefined, after: JobRecord): boolean =>
  hasEnded(after) && !(before && hasEnded(before)) && after.parent === undefined && after.spec.secrets.length > 0;
