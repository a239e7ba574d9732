import {resultRef} from '../blobs/rules-results.ts';
import type {Moment, Result} from './rules-events.ts';
import {type JobOutcome, type JobRecord, type Superseded, hasEnded, isOnWorker} from './rules-record.ts';
import {type FailureKind, backOffMs, failureKind, mayRetry} from './rules-retry.ts';

type Reason = NonNullable<JobRecord['reason']>;

/** An end that the server decides alone: provisional while an attempt may still report. */
export const serverEnd = (record: JobRecord, outcome: JobOutcome, reason: Reason, now: number): JobRecord => ({
  ...record,
  state: 'ended',
  outcome,
  source: 'server',
  reason,
  hold: undefined,
  holdUntil: undefined,
  refusals: undefined,
  endedAt: now,
});

/** The report of the present attempt ends the job, corrects the server's guess once, or is a repeat; of an older one it is kept beside. */
export function afterResult(record: JobRecord, result: Result, at: Moment): JobRecord | undefined {
  const isPresent = record.attempt.number === result.attempt.number && record.attempt.id === result.attempt.id;
  if (!isPresent) return result.attempt.number < record.attempt.number ? keepSuperseded(record, result, at.now) : undefined;
  if (hasEnded(record)) return record.source === 'server' && record.sentAt !== undefined ? reported(record, result, at.now) : undefined;
  if (!isOnWorker(record)) return undefined;
  const failure = failureOf(record, result);
  if (failure !== undefined && mayRetry(record, failure))
    return retryLater(withReport(record, result, at.now), reasonOf(record, result) ?? {code: failure, message: failedText(result)}, at);
  return reported(record, result, at.now);
}

/** Which kind of failure a retry would be for; undefined for a success, a cancellation and an end nobody saw. */
function failureOf(record: JobRecord, result: Result): FailureKind | undefined {
  if (result.error !== undefined) return failureKind(result.error);
  if (outcomeOf(record, result) !== 'failed' || result.reason !== undefined) return undefined;
  return 'user';
}

function outcomeOf(record: JobRecord, result: Result): JobOutcome {
  if (result.reason === 'deadline' || result.cancelled === 'deadline') return 'failed';
  if (result.cancelled !== undefined) return record.cancel === undefined && isFailureReason(result.cancelled) ? 'failed' : 'cancelled';
  if (result.error !== undefined || result.exit === undefined) return 'failed';
  if ('unknown' in result.exit) return 'lost';
  return result.exit.code === 0 ? 'succeeded' : 'failed';
}

/** Reasons for which agent or server stop a job although nobody cancelled it. */
const isFailureReason = (reason: string): boolean => ['stdin_interrupted', 'poison', 'deadline'].includes(reason);

function reported(record: JobRecord, result: Result, now: number): JobRecord {
  const reason =
    reasonOf(record, result) ??
    (record.cancel && result.cancelled !== undefined ? {code: 'cancelled', message: record.cancel.reason} : undefined);
  return {
    ...withReport(record, result, now),
    state: 'ended',
    outcome: outcomeOf(record, result),
    source: 'worker',
    reason,
    ...(record.cancel ? {cancel: {...record.cancel, confirmed: true}} : {}),
    endedAt: record.endedAt ?? now,
  };
}

function withReport(record: JobRecord, result: Result, now: number): JobRecord {
  return {
    ...record,
    ...timesOf(record, result, now),
    exit: result.exit ?? (result.reason === 'deadline' ? {code: 124} : undefined),
    error: result.error,
    logEnd: result.logEnd,
    gaps: result.gaps,
    phases: result.phases.length > 0 ? result.phases : record.phases,
    asOf: result.asOf,
    box: result.box ?? record.box,
    out: result.out,
    image: result.image,
    ...resultOf(record, result),
    directory: result.directory,
  };
}

/** What its worker says counts more than what it told the server itself. */
const resultOf = ({result: known}: JobRecord, {reported, attempt}: Result): Pick<JobRecord, 'result'> => ({
  result: reported === undefined ? known : resultRef(attempt.number, reported),
});

/** A short job says nothing before its result: when it was taken and ran is in its phases, by the worker's clock. */
function timesOf(record: JobRecord, {phases, exit}: Result, now: number): Pick<JobRecord, 'acceptedAt' | 'startedAt'> {
  const within = (time: number) => Math.min(Math.max(time, record.sentAt ?? time), now);
  const accepted = record.acceptedAt ?? within(phases[0]?.startedAt ?? now);
  const ran = phases.find(phase => phase.name === 'run')?.startedAt;
  const hasRun = exit !== undefined && !('unknown' in exit);
  const started = record.startedAt ?? (hasRun ? within(ran ?? accepted) : undefined);
  return {acceptedAt: accepted, ...(started === undefined ? {} : {startedAt: started})};
}

const texts: Readonly<Record<string, string>> = {
  deadline: 'Its time was over.',
  container_gone: 'Its container was stopped or removed under it.',
  engine_restarted: 'Its engine went away under it, and what was left of the command was ended.',
  exec_outcome_unknown: 'Nobody saw how the command ended.',
  stdin_interrupted: 'The client that fed its input went away.',
};

/** What went down with it was doing something that its engine asks for, so the engine is where to look. */
const poisonText = (engine: string | undefined): string =>
  `It took processes of its worker down three times while ${engine === undefined ? 'its engine' : `the engine ${engine}`} worked on it.`;

const failedText = ({exit}: Result): string => (exit !== undefined && 'code' in exit ? `It ended with ${exit.code}.` : 'It failed.');

function reasonOf(record: JobRecord, result: Result): Reason | undefined {
  if (result.error !== undefined)
    return {code: result.error.code, message: result.error.message, ...(result.error.hint ? {hint: result.error.hint} : {})};
  const unknown = result.exit && 'unknown' in result.exit ? result.exit.unknown : undefined;
  const code =
    result.reason ?? unknown ?? (result.cancelled !== undefined && isFailureReason(result.cancelled) ? result.cancelled : undefined);
  return code === undefined ? undefined : {code, message: code === 'poison' ? poisonText(record.engine) : (texts[code] ?? code)};
}

function keepSuperseded(record: JobRecord, result: Result, now: number): JobRecord | undefined {
  const known = record.superseded ?? [];
  if (known.some(each => each.attempt === result.attempt.number)) return undefined;
  const kept: Superseded = {attempt: result.attempt.number, outcome: outcomeOf(record, result), at: now};
  return {...record, superseded: [...known, kept].slice(-10)};
}

export function afterRefusal(record: JobRecord, error: NonNullable<JobRecord['error']>, at: Moment): JobRecord {
  const reason: Reason = {code: error.code, message: error.message, ...(error.hint ? {hint: error.hint} : {})};
  const failure = failureKind(error);
  if (mayRetry(record, failure)) return retryLater({...record, error}, reason, at);
  return {...serverEnd(record, 'failed', reason, at.now), error, source: 'worker'};
}

/** What the job's policy makes of a worker that is lost: wait, fail, or run again elsewhere. */
export function afterLoss(record: JobRecord, event: {readonly code: string; readonly message: string}, at: Moment): JobRecord | undefined {
  const reason = {code: event.code, message: event.message};
  if (record.cancel !== undefined) return serverEnd(record, 'cancelled', {code: 'cancelled', message: record.cancel.reason}, at.now);
  if (record.spec.ifLost === 'wait') return undefined;
  if (record.spec.ifLost === 'retry' && record.spec.idempotent && mayRetry(record, 'lost')) return retryLater(record, reason, at);
  return {...serverEnd(record, 'lost', reason, at.now), exit: {code: 125}};
}

/** As a loss, but for good: nothing waits for it. */
export function afterRemoval(
  record: JobRecord,
  event: {readonly message: string; readonly hint?: string | undefined},
  at: Moment,
): JobRecord | undefined {
  const reason = {code: 'worker_removed', message: event.message, ...(event.hint === undefined ? {} : {hint: event.hint})};
  if (isOnWorker(record)) return afterLoss(record, reason, at) ?? {...serverEnd(record, 'lost', reason, at.now), exit: {code: 125}};
  return record.state === 'queued' && record.hold === undefined ? serverEnd(record, 'failed', reason, at.now) : undefined;
}

function retryLater(record: JobRecord, reason: Reason, at: Moment): JobRecord {
  const until = at.now + backOffMs(record.tries, at.chance, at.timing);
  return {
    ...retried(record),
    attempt: {number: record.attempt.number + 1, id: at.nextAttemptId()},
    state: 'queued',
    hold: 'back-off',
    holdUntil: until,
    tries: record.tries + 1,
    reason: {code: 'back-off', message: `Attempt ${record.attempt.number}: ${reason.message}`, until},
  };
}

/** The record without what belonged to the attempt that is over. */
export const retried = (record: JobRecord): JobRecord => ({
  ...record,
  hold: undefined,
  holdUntil: undefined,
  reason: undefined,
  refusals: undefined,
  worker: undefined,
  engine: undefined,
  box: undefined,
  phases: [],
  exit: undefined,
  error: undefined,
  logEnd: undefined,
  gaps: undefined,
  out: undefined,
  result: undefined,
  sentAt: undefined,
  acceptedAt: undefined,
  startedAt: undefined,
  lookAt: undefined,
});
