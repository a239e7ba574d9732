/**
 * The one stored state machine. Per attempt: `queued` (accepted; waiting, or held for a reason) → `sent` (placed, in the
 * worker's outbox) → `running` (the worker said so) → `ended`. A retry goes to `queued` of the next attempt. The worker's
 * word is final; what the server decided alone may be corrected once by the report of the same attempt (R10).
 */
import type {Attempt} from '../protocol/index.ts';
import {type Cancel, type JobRecord, deadlineOf, hasEnded, isOfOthers, isOnWorker} from './rules-record.ts';
import type {Gathered, JobEvent, Moment, Update} from './rules-events.ts';
import {groupOf} from './rules-needs.ts';
import {fanOutOf} from './rules-children.ts';
import {isForgotten} from './rules-recovered.ts';
import {afterLoss, afterRefusal, afterRemoval, afterResult, retried, serverEnd} from './rules-ends.ts';
import {type ChildTotals, newTotals, openChildren, parentEnd} from './rules-totals.ts';

/** The next record, or undefined where the event changes nothing (late, repeated, of another attempt). Pure. */
export function next(record: JobRecord, event: JobEvent, at: Moment): JobRecord | undefined {
  const changed = step(record, event, at);
  return changed === undefined ? undefined : {...changed, v: record.v + 1};
}

export const isSameAttempt = (a: Attempt, b: Attempt): boolean => a.number === b.number && a.id === b.id;

function step(record: JobRecord, event: JobEvent, at: Moment): JobRecord | undefined {
  switch (event.type) {
    case 'send':
      return send(record, event, at);
    case 'update':
      return update(record, event.update, at);
    case 'result':
      return afterResult(record, event.result, at);
    case 'refused':
      return isSameAttempt(record.attempt, event.attempt) && isOnWorker(record) ? afterRefusal(record, event.error, at) : undefined;
    case 'cancel':
      return cancel(record, event, at);
    case 'lost':
      return isOnWorker(record) ? afterLoss(record, event, at) : undefined;
    case 'removed':
      return afterRemoval(record, event, at);
    case 'session':
      return isSameAttempt(record.attempt, event.attempt) && isOnWorker(record) ? {...record, session: event.session} : undefined;
    case 'lift':
      return record.state === 'queued' && record.hold !== undefined && !isOfOthers(record) ? lifted(record) : undefined;
    case 'refusals':
      return refuse(record, event.refusals);
    case 'made':
      return record.fan && event.made > record.fan.made ? {...record, fan: {...record.fan, made: event.made}} : undefined;
    case 'children':
      return childrenEnded(record, event, at);
    case 'gathered':
      return gathered(record, event.gathered, at);
    case 'reported':
      return reported(record, event);
    case 'certain':
      return certain(record, event.verdict);
    case 'due':
      return due(record, event.isSilent, at);
    case 'recovered':
      return recovered(record, event, at);
    case 'told':
      return isForgotten(record.spec) ? {...record, ...toldOf(event)} : undefined;
  }
}

const toldOf = ({spec, engine}: Extract<JobEvent, {type: 'told'}>) => ({spec, kind: spec.kind, group: groupOf(spec.needs), engine});

function send(record: JobRecord, event: Extract<JobEvent, {type: 'send'}>, {now}: Moment): JobRecord | undefined {
  if (record.state !== 'queued' || record.hold !== undefined) return undefined;
  return {
    ...record,
    state: 'sent',
    attempt: {number: record.attempt.number, id: event.attemptId},
    worker: event.worker,
    engine: event.engine,
    box: boxName(record),
    reason: undefined,
    refusals: undefined,
    sentAt: now,
    phases: [],
  };
}

/** Chosen by us, so that creation is idempotent and the box is found again by name. */
function boxName(record: JobRecord): string | undefined {
  if (record.spec.kind === 'run') return `${record.id}-${record.attempt.number}`;
  if (record.spec.kind === 'devbox.create') return `${record.spec.devbox}-${record.attempt.number}`;
  return 'box' in record.spec ? record.spec.box : undefined;
}

function update(record: JobRecord, said: Update, {now}: Moment): JobRecord | undefined {
  if (!isSameAttempt(record.attempt, said.attempt) || !isOnWorker(record)) return undefined;
  const phases = said.phases.length > 0 ? said.phases : record.phases;
  const isStart = said.state === 'running' && record.state === 'sent';
  const isFirst = record.acceptedAt === undefined;
  if (!isStart && !isFirst && JSON.stringify(phases) === JSON.stringify(record.phases)) return undefined;
  return {
    ...record,
    phases,
    acceptedAt: record.acceptedAt ?? now,
    ...(isStart ? {state: 'running' as const, startedAt: record.startedAt ?? now} : {}),
  };
}

function cancel(record: JobRecord, event: Extract<JobEvent, {type: 'cancel'}>, at: Moment): JobRecord | undefined {
  if (hasEnded(record) || record.cancel !== undefined) return undefined;
  const asked: Cancel = {
    at: at.now,
    actor: event.actor,
    reason: event.reason,
    deadline: at.now + record.spec.graceMs + at.timing.cancelDeadline,
    confirmed: false,
  };
  if (isOfOthers(record) || record.state !== 'queued') return {...record, cancel: asked};
  const none = record.fan === undefined ? {} : {totals: {...newTotals(record.fan.total), queued: 0, cancelled: record.fan.total}};
  const ended = {...record, ...none, cancel: {...asked, confirmed: true}};
  return serverEnd(ended, 'cancelled', {code: 'cancelled', message: event.reason}, at.now);
}

/** A run of a role with children of its own has them made now. */
const lifted = (record: JobRecord): JobRecord => ({
  ...record,
  hold: record.hold === 'role_busy' && record.fan !== undefined ? 'children' : undefined,
  holdUntil: undefined,
  reason: undefined,
});

function refuse(record: JobRecord, refusals: NonNullable<JobRecord['refusals']>): JobRecord | undefined {
  if (record.state !== 'queued' || record.hold !== undefined) return undefined;
  if (record.reason !== undefined && JSON.stringify(refusals) === JSON.stringify(record.refusals ?? [])) return undefined;
  const first = refusals[0];
  const message = first === undefined ? 'No worker yet.' : `${first.name}: ${first.why}`;
  return {...record, refusals, reason: {code: 'waiting', message, ...(first?.hint ? {hint: first.hint} : {})}};
}

function certain(record: JobRecord, verdict: 'succeeded' | 'failed'): JobRecord | undefined {
  if (record.fan === undefined || record.hold !== 'children' || record.cancel !== undefined || record.fan.verdict !== undefined)
    return undefined;
  return {...record, fan: {...record.fan, verdict}};
}

type ChildrenEvent = Extract<JobEvent, {type: 'children'}>;

/** One that gathers goes on with that, unless it was cancelled: then nobody asks for what came of it. */
function childrenEnded(record: JobRecord, {totals, gathered: got}: ChildrenEvent, at: Moment): JobRecord | undefined {
  if (hasEnded(record) || record.hold !== 'children' || openChildren(totals) > 0) return undefined;
  const isAsked = fanOutOf(record.spec).gather !== undefined && record.cancel === undefined;
  if (!isAsked) return afterChildren(record, totals, at);
  if (got === undefined) return undefined;
  if ('job' in got) return {...record, hold: 'gather', totals, gatherJob: got.job};
  return withGathered(afterChildren(record, totals, at), got);
}

function gathered(record: JobRecord, got: Exclude<Gathered, {readonly job: string}>, at: Moment): JobRecord | undefined {
  if (record.hold !== 'gather' || record.totals === undefined) return undefined;
  return withGathered(afterChildren(record, record.totals, at), got);
}

/** Where nothing could be gathered the job has failed, however its children did. */
function withGathered(ended: JobRecord, got: Exclude<Gathered, {readonly job: string}>): JobRecord {
  if ('result' in got) return {...ended, result: got.result};
  const outcome = ended.cancel === undefined ? ('failed' as const) : ('cancelled' as const);
  return {...ended, outcome, reason: got.failed, exit: {code: ended.partial ? 7 : 1}};
}

function afterChildren(record: JobRecord, totals: ChildTotals, at: Moment): JobRecord {
  const end = parentEnd(totals, fanOutOf(record.spec), {isCancelled: record.cancel !== undefined, verdict: record.fan?.verdict});
  return {
    ...record,
    state: 'ended',
    hold: undefined,
    totals,
    outcome: end.outcome,
    source: 'worker',
    exit: {code: end.exitCode},
    ...(end.partial ? {partial: true as const} : {}),
    ...(record.cancel ? {cancel: {...record.cancel, confirmed: true}} : {}),
    endedAt: at.now,
  };
}

const reported = (record: JobRecord, {attempt, result}: Extract<JobEvent, {type: 'reported'}>): JobRecord | undefined =>
  isSameAttempt(record.attempt, attempt) && isOnWorker(record) ? {...record, result} : undefined;

function due(record: JobRecord, isSilent: boolean, at: Moment): JobRecord | undefined {
  if (hasEnded(record)) return undefined;
  if (record.state === 'queued') return dueWhileQueued(record, at);
  if (record.cancel !== undefined && at.now >= record.cancel.deadline)
    return serverEnd(record, 'cancelled', {code: 'cancelled', message: `${record.cancel.reason}; not yet confirmed by the worker`}, at.now);
  const deadline = deadlineOf(record);
  if (deadline === undefined || at.now < deadline) return undefined;
  const silent = at.now >= deadline + at.timing.cancelDeadline;
  if (isSilent && silent)
    return serverEnd(record, 'failed', {code: 'deadline', message: 'Its time is over, and its worker is silent.'}, at.now);
  return {...record, lookAt: at.now + Math.max(at.timing.cancelDeadline, at.timing.sweep)};
}

function dueWhileQueued(record: JobRecord, at: Moment): JobRecord | undefined {
  if (record.queueUntil !== undefined && at.now >= record.queueUntil && record.hold !== 'removal_grace' && !isOfOthers(record))
    return {...serverEnd(record, 'failed', waitedTooLong(record), at.now), refusals: record.refusals};
  const isOver = record.holdUntil !== undefined && at.now >= record.holdUntil;
  return isOver && (record.hold === 'back-off' || record.hold === 'removal_grace') ? lifted(record) : undefined;
}

/** Who asks why it never ran is told what kept it. */
function waitedTooLong({reason}: JobRecord): NonNullable<JobRecord['reason']> {
  const why = reason?.code === 'waiting' ? reason : undefined;
  const message = `It waited longer than its queue time-out${why === undefined ? '.' : `. ${why.message}`}`;
  return {code: 'queue_timeout', message, ...(why?.hint === undefined ? {} : {hint: why.hint})};
}

function recovered(record: JobRecord, event: Extract<JobEvent, {type: 'recovered'}>, at: Moment): JobRecord | undefined {
  const isNewer = event.attempt.number > record.attempt.number;
  const wasForgotten = event.attempt.number === record.attempt.number && record.state === 'queued';
  if (hasEnded(record) || (!isNewer && !wasForgotten)) return undefined;
  return {
    ...retried(record),
    attempt: event.attempt,
    state: event.isRunning ? 'running' : 'sent',
    worker: event.worker,
    sentAt: record.sentAt ?? at.now,
    ...(event.isRunning ? {startedAt: record.startedAt ?? at.now} : {}),
  };
}
