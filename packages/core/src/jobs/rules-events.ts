import type {Timing} from '../config/index.ts';
import type {Attempt, FromAgent, JobId, SessionState} from '../protocol/index.ts';
import type {ResultRef} from '../blobs/rules-results.ts';
import type {JobRecord} from './rules-record.ts';
import type {ChildTotals} from './rules-totals.ts';

export type Result = Omit<Extract<FromAgent, {type: 'job.result'}>, 'type' | 'job'>;
export type Update = Omit<Extract<FromAgent, {type: 'job.update'}>, 'type' | 'job'>;

export type JobEvent =
  | {readonly type: 'send'; readonly attemptId: string; readonly worker: NonNullable<JobRecord['worker']>; readonly engine: string}
  | {readonly type: 'update'; readonly update: Update}
  | {readonly type: 'result'; readonly result: Result}
  | {readonly type: 'refused'; readonly attempt: Attempt; readonly error: NonNullable<JobRecord['error']>}
  | {readonly type: 'cancel'; readonly actor: string; readonly reason: string}
  | {readonly type: 'lost'; readonly code: string; readonly message: string}
  /** The worker it is on, or waits for and for no other, is one no more and will not come back. */
  | {readonly type: 'removed'; readonly message: string; readonly hint?: string | undefined}
  /** What its terminal shows and whether it asks for somebody. */
  | {readonly type: 'session'; readonly attempt: Attempt; readonly session: SessionState}
  | {readonly type: 'lift'}
  | {readonly type: 'refusals'; readonly refusals: NonNullable<JobRecord['refusals']>}
  | {readonly type: 'made'; readonly made: number}
  /** All have ended. `gathered`: what became of their results, where the job gathers them. */
  | {readonly type: 'children'; readonly totals: ChildTotals; readonly gathered?: Gathered | undefined}
  /** The job that gathers has ended. */
  | {readonly type: 'gathered'; readonly gathered: Exclude<Gathered, {readonly job: JobId}>}
  /** It told the server itself what came of it. */
  | {readonly type: 'reported'; readonly attempt: Attempt; readonly result: ResultRef}
  /** Of children that are left none is needed. */
  | {readonly type: 'certain'; readonly verdict: 'succeeded' | 'failed'}
  /** A due row came up. `isSilent`: nobody can hear the worker now. */
  | {readonly type: 'due'; readonly isSilent: boolean}
  /** What a job is whose record had been lost. */
  | {readonly type: 'told'; readonly spec: JobRecord['spec']; readonly engine: string}
  /** The agent holds a newer attempt than Redis remembers (R3). */
  | {readonly type: 'recovered'; readonly attempt: Attempt; readonly worker: NonNullable<JobRecord['worker']>; readonly isRunning: boolean};

/** What is stored, the job that does it, or why nothing came of it. */
export type Gathered = {readonly result: ResultRef} | {readonly job: JobId} | {readonly failed: NonNullable<JobRecord['reason']>};

export interface Moment {
  readonly now: number;
  readonly timing: Pick<Timing, 'retryFirst' | 'retryMost' | 'cancelDeadline' | 'sweep'>;
  /** 0 to 1, for jitter; and the random id a next attempt gets. */
  readonly chance: number;
  readonly nextAttemptId: () => string;
}
