import {type DevBoxRecord, devboxIdOf} from '../devboxes/rules.ts';
import {type Fact, addFact} from '../events/store-facts.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {Keys} from '../rim/redis-keys.ts';
import {waitingScore, workerOfGroup} from './rules-needs.ts';
import {isLiveSession} from './rules-tty.ts';
import {type JobRecord, bucketOf, dueAt, execName, hasEnded, isOnWorker, isWaiting, mayReport, writeRecord} from './rules-record.ts';

export interface EffectContext {
  readonly keys: Keys;
  readonly now: number;
  readonly ageingMs: number;
  /** Things to look at now, in the order they came up: `g:` group, `w:` worker, `j:` job. */
  readonly nudges: Set<string>;
  readonly actor?: string | undefined;
}

export const groupThing = (tenant: string, group: string): string => `g:${tenant}:${group}`;
export const workerThing = (worker: string): string => `w:${worker}`;
export const jobThing = (job: string): string => `j:${job}`;
export const roleThing = (role: string): string => `r:${role}`;

/** Everything a job's step means, as operations of one change: a function of the record before and after. */
export function addJobEffects(change: Change, before: JobRecord | undefined, after: JobRecord, context: EffectContext): void {
  const {keys} = context;
  change.do(keys.job(after.id), 'SET', writeRecord(after));
  if (before === undefined) addIndexes(change, after, context);
  else if (hasEnded(after) && !hasEnded(before)) dropIndexes(change, after, context);
  // What an attempt said of itself stays beside its end, and goes with the next one.
  if (before !== undefined && after.attempt.number > before.attempt.number && mayReport(after))
    change.do(keys.progress(after.tenant), 'HDEL', after.id);
  addWaiting(change, before, after, context);
  addDue(change, before, after, context);
  addWorker(change, before, after, context);
  addParent(change, before, after, context);
  addRun(change, before, after, context);
  addOutbox(change, before, after, context);
  for (const fact of factsOf(before, after, context)) addFact(change, keys, after.tenant, fact);
}

function addIndexes(change: Change, job: JobRecord, {keys}: EffectContext): void {
  if (job.parent === undefined) change.do(keys.tenants, 'SADD', job.tenant);
  change.do(keys.jobs(job.tenant), 'ZADD', job.createdAt, job.id);
  change.do(keys.ids(job.tenant), 'ZADD', 0, job.id);
  if (!hasEnded(job)) change.do(keys.live(job.tenant), 'ZADD', job.createdAt, job.id);
  if (isLiveSession(job.spec) && !hasEnded(job)) change.do(keys.sessions(job.tenant), 'HSET', job.id, job.createdAt);
  if (job.parent !== undefined && job.gathers === undefined) change.do(keys.children(job.parent), 'ZADD', job.index ?? 0, job.id);
  const devbox = devboxIdOf(job.spec);
  if (devbox !== undefined) change.do(keys.devboxJobs(devbox), 'ZADD', job.createdAt, job.id);
  const exec = execName(job);
  if (exec !== undefined && !hasEnded(job)) change.do(keys.execs(exec.devbox), 'HSET', exec.name, job.id);
}

function dropIndexes(change: Change, job: JobRecord, {keys}: EffectContext): void {
  change.do(keys.live(job.tenant), 'ZREM', job.id);
  if (isLiveSession(job.spec)) change.do(keys.sessions(job.tenant), 'HDEL', job.id);
  const exec = execName(job);
  if (exec !== undefined) change.do(keys.execs(exec.devbox), 'HDEL', exec.name);
}

/** Accepted or lifted into the waiting set, or popped from it; a group with somebody in it has a due row. */
function addWaiting(change: Change, before: JobRecord | undefined, after: JobRecord, {keys, now, ageingMs, nudges}: EffectContext): void {
  const was = before !== undefined && isWaiting(before);
  const is = isWaiting(after);
  if (was === is) return;
  const set = keys.waiting(after.tenant, after.group);
  if (was) return void change.do(set, 'ZREM', after.id);
  const thing = groupThing(after.tenant, after.group);
  const {createdAt, spec, index = 0} = after;
  change.do(set, 'ZADD', waitingScore({createdAt, priority: spec.priority, index}, ageingMs), after.id);
  // Once for all jobs of the group that this change makes wait.
  if (nudges.has(thing)) return;
  change.do(keys.groups(after.tenant, workerOfGroup(after.group)), 'HSET', after.group, JSON.stringify(after.spec.needs));
  change.do(keys.due, 'ZADD', now, thing);
  nudges.add(thing);
}

function addDue(change: Change, before: JobRecord | undefined, after: JobRecord, {keys, nudges}: EffectContext): void {
  const was = before === undefined ? undefined : dueAt(before);
  const is = dueAt(after);
  if (is === was) return;
  if (is === undefined) change.do(keys.due, 'ZREM', jobThing(after.id));
  else change.do(keys.due, 'ZADD', is, jobThing(after.id));
  if (is === 0) nudges.add(jobThing(after.id));
}

/** Slots and memory are reserved with the sending and given back with the end; a DevBox keeps its memory after its job. */
function addWorker(change: Change, before: JobRecord | undefined, after: JobRecord, {keys, now, nudges}: EffectContext): void {
  const from = before !== undefined && isOnWorker(before) ? before.worker : undefined;
  const to = isOnWorker(after) ? after.worker : undefined;
  if (from?.id === to?.id) return;
  const room = {slots: after.spec.needs.slots, memory: after.spec.needs.memoryBytes};
  if (to !== undefined) {
    change.hold({held: keys.held(to.id), used: keys.used(to.id)}, after.id, room);
    change.do(keys.workerJobs(to.id), 'ZADD', now, after.id);
  }
  if (from === undefined) return;
  const at = {held: keys.held(from.id), used: keys.used(from.id)};
  const devbox = devboxIdOf(after.spec);
  const hasBegun = hasEnded(after) && after.outcome === 'succeeded' && (after.kind === 'devbox.create' || after.kind === 'devbox.start');
  if (devbox !== undefined && hasBegun) change.pass(at, after.id, {who: devbox, room: {slots: 0, memory: room.memory}});
  else change.free(at, after.id);
  change.do(keys.workerJobs(from.id), 'ZREM', after.id);
  change.do(keys.due, 'ZADD', now, workerThing(from.id));
  nudges.add(workerThing(from.id));
}

function addParent(change: Change, before: JobRecord | undefined, after: JobRecord, {keys, now, nudges}: EffectContext): void {
  if (after.parent === undefined || before === undefined) return;
  const [from, to] = [bucketOf(before), bucketOf(after)];
  if (from === to || (after.gathers && !hasEnded(after))) return;
  if ((after.wakesParent || after.gathers) && hasEnded(after)) {
    change.do(keys.due, 'ZADD', now, jobThing(after.parent));
    nudges.add(jobThing(after.parent));
  }
  if (after.gathers) return;
  change.child({totals: keys.totals(after.parent), due: keys.due}, {from, to, parent: jobThing(after.parent), now});
}

/** Runs of a role: those that go on, and those that wait for one of them to end. Children are part of theirs. */
function addRun(change: Change, before: JobRecord | undefined, after: JobRecord, {keys, now, nudges}: EffectContext): void {
  if (after.origin === undefined || after.parent !== undefined) return;
  const role = after.origin.role.id;
  const [was, is] = [before && placeOf(before), placeOf(after)];
  if (was === is) return;
  if (before === undefined) change.do(keys.roleJobs(role), 'ZADD', after.createdAt, after.id);
  if (was === 'waits') change.do(keys.roleQueue(role), 'ZREM', after.id);
  if (was === 'goes on') change.do(keys.roleRuns(role), 'HDEL', after.id);
  if (is === 'waits') change.do(keys.roleQueue(role), 'ZADD', after.createdAt, after.id);
  if (is === 'goes on') change.do(keys.roleRuns(role), 'HSET', after.id, after.createdAt);
  if (was !== 'goes on') return;
  change.do(keys.due, 'ZADD', now, roleThing(role));
  nudges.add(roleThing(role));
}

const placeOf = (record: JobRecord): 'waits' | 'goes on' | 'over' => {
  if (hasEnded(record)) return 'over';
  return record.hold === 'role_busy' ? 'waits' : 'goes on';
};

export interface OutboxEntry {
  readonly do: 'start' | 'cancel';
  readonly job: string;
  readonly attempt: string;
}

function addOutbox(change: Change, before: JobRecord | undefined, after: JobRecord, context: EffectContext): void {
  if (before?.state === 'queued' && after.state === 'sent') addStart(change, after, context);
  if (before?.cancel === undefined && after.cancel !== undefined) addCommand(change, after, 'cancel', context);
}

export const addStart = (change: Change, job: JobRecord, context: EffectContext): void => addCommand(change, job, 'start', context);

function addCommand(change: Change, job: JobRecord, what: OutboxEntry['do'], {keys}: EffectContext): void {
  if (job.worker === undefined || !isOnWorker(job)) return;
  const entry: OutboxEntry = {do: what, job: job.id, attempt: job.attempt.id};
  change.outbox(keys.outbox(job.worker.id), keys.lease(job.worker.id), JSON.stringify(entry));
}

/** What happened, in past tense, for the event stream. */
function factsOf(before: JobRecord | undefined, after: JobRecord, context: EffectContext): Fact[] {
  const type = factType(before, after);
  if (type === undefined) return [];
  const data = {
    v: after.v,
    kind: after.kind,
    state: after.state,
    attempt: after.attempt.number,
    ...(after.name === undefined ? {} : {name: after.name}),
    ...(after.outcome === undefined ? {} : {outcome: after.outcome, source: after.source}),
    ...(after.exit === undefined ? {} : {exit: after.exit}),
    ...(after.reason === undefined ? {} : {reason: after.reason}),
    ...(after.worker === undefined ? {} : {worker: after.worker}),
    ...(after.parent === undefined ? {} : {parent: after.parent}),
    ...(type.startsWith('session.') && after.session !== undefined ? {session: after.session} : {}),
    ...(devboxIdOf(after.spec) === undefined ? {} : {devbox: devboxIdOf(after.spec)}),
  };
  return [
    {id: `e-${after.id}.${after.v}`, type, subject: `jobs/${after.id}`, time: context.now, actor: actorOf(type, after, context), data},
  ];
}

function factType(before: JobRecord | undefined, after: JobRecord): string | undefined {
  if (before === undefined) return 'job.accepted';
  if (before.kind !== after.kind || (before.spec !== after.spec && before.state === after.state)) return 'job.updated';
  if (hasEnded(after) && !hasEnded(before)) return 'job.ended';
  if (hasEnded(after)) return after.source === 'worker' && before.source === 'server' ? 'job.corrected' : 'job.superseded';
  if (before.cancel === undefined && after.cancel !== undefined) return 'job.cancelling';
  if (after.attempt.number > before.attempt.number && after.state === 'queued') return 'job.retrying';
  if (after.state !== before.state) return `job.${after.state}`;
  if (before.hold !== undefined && after.hold === undefined) return 'job.waiting';
  if (after.session !== before.session)
    return after.session?.attention.is === before.session?.attention.is ? undefined : `session.${after.session?.attention.is}`;
  return 'job.updated';
}

function actorOf(type: string, job: JobRecord, context: EffectContext): string {
  if (context.actor !== undefined) return context.actor;
  if (type === 'job.accepted') return job.actor;
  if (type === 'job.ended' && job.source === 'server') return 'server';
  return job.worker === undefined ? 'server' : `worker:${job.worker.name}`;
}

/** A DevBox's record after one of its jobs stepped; its name is free once it is gone. */
export function addDevBoxEffects(change: Change, before: DevBoxRecord, after: DevBoxRecord | undefined, context: EffectContext): void {
  const {keys} = context;
  const fact = (type: string, data: Record<string, unknown>): Fact => ({
    id: `e-${before.id}.${after?.v ?? 'end'}`,
    type,
    subject: `devboxes/${before.id}`,
    time: context.now,
    actor: context.actor ?? 'server',
    data: {name: before.name, ...data},
  });
  const giveBack = () => {
    if (before.worker === undefined) return;
    change.free({held: keys.held(before.worker.id), used: keys.used(before.worker.id)}, before.id);
    change.do(keys.due, 'ZADD', context.now, workerThing(before.worker.id));
    context.nudges.add(workerThing(before.worker.id));
  };
  if (after === undefined) {
    change.do(keys.devbox(before.id), 'DEL');
    change.do(keys.devboxes(before.tenant), 'HDEL', before.name);
    change.do(keys.due, 'ZREM', `d:${before.id}`);
    giveBack();
    if (before.worker !== undefined) change.do(keys.boxes(before.worker.id), 'SREM', before.id);
    return void addFact(change, keys, before.tenant, fact('devbox.removed', {}));
  }
  change.do(keys.devbox(after.id), 'SET', writeRecord(after));
  if (after.worker !== undefined && before.worker?.id !== after.worker.id) change.do(keys.boxes(after.worker.id), 'SADD', after.id);
  if (before.worker !== undefined && before.worker.id !== after.worker?.id) change.do(keys.boxes(before.worker.id), 'SREM', after.id);
  const isUp = after.seen?.state === 'running' || after.seen?.state === 'paused';
  const wasUp = before.seen?.state === 'running' || before.seen?.state === 'paused';
  if (wasUp && !isUp) giveBack();
  addFact(
    change,
    keys,
    after.tenant,
    fact('devbox.changed', {v: after.v, seen: after.seen?.state, ...(after.failure ? {failure: after.failure} : {})}),
  );
}
