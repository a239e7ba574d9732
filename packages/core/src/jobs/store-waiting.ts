import type {Needs} from '../protocol/index.ts';
import {workerOfGroup} from './rules-needs.ts';
import type {JobRecord} from './rules-record.ts';
import {groupThing} from './store-effects.ts';
import type {JobStore, StepResult} from './store.ts';

/** Purpose: forget a waiting group with nobody in it. KEYS: waiting set, groups, due. ARGV: group, due row. Returns 1 if it was empty. */
const dropScript = `
if redis.call('ZCARD', KEYS[1]) > 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[2])
return 1
`;

export interface Group {
  readonly group: string;
  readonly needs: Needs;
}

/** The groups with jobs in them that any worker of the tenant, or this one by name, may serve. */
export async function waitingGroups(store: JobStore, tenant: string, worker: string): Promise<Group[]> {
  const {keys} = store.rim;
  const rows = await store.rim.ask(redis => Promise.all([redis.hgetall(keys.groups(tenant)), redis.hgetall(keys.groups(tenant, worker))]));
  return rows.flatMap(row => Object.entries(row)).map(([group, needs]) => ({group, needs: JSON.parse(needs) as Needs}));
}

/** The rows of the classes that wait for this worker and no other. */
export async function groupsNaming({rim}: JobStore, worker: {readonly id: string; readonly tenant: string}): Promise<string[]> {
  const groups = await rim.ask(redis => redis.hkeys(rim.keys.groups(worker.tenant, worker.id)));
  return groups.map(group => `g:${worker.tenant}:${group}`);
}

export interface Head {
  readonly record: JobRecord;
  readonly score: number;
}

/** The first of a group, by priority with ageing. Ids whose record is gone or elsewhere are dropped from the set. */
export async function heads(store: JobStore, tenant: string, group: string, count: number): Promise<Head[]> {
  const set = store.rim.keys.waiting(tenant, group);
  const rows = await store.rim.ask(redis => redis.zrange(set, '0', String(count - 1), 'WITHSCORES'));
  const ids = rows.filter((_, at) => at % 2 === 0);
  const known = await Promise.all(ids.map(id => store.get(id)));
  const found: Head[] = [];
  const wrong: string[] = [];
  for (const [at, record] of known.entries()) {
    if (record === undefined || record.state !== 'queued' || record.group !== group) wrong.push(ids[at]!);
    else found.push({record, score: Number(rows[at * 2 + 1])});
  }
  await Promise.all(wrong.map(id => dropStray(store, set, group, id)));
  return found;
}

async function dropStray(store: JobStore, set: string, group: string, id: string): Promise<void> {
  const record = await store.read(id);
  if (record === undefined || record.state !== 'queued' || record.hold !== undefined || record.group !== group)
    await store.rim.ask(redis => redis.zrem(set, id));
}

export async function dropGroupIfEmpty(store: JobStore, tenant: string, group: string): Promise<boolean> {
  const {keys} = store.rim;
  const drop = store.rim.script(dropScript);
  return (
    (await drop([keys.waiting(tenant, group), keys.groups(tenant, workerOfGroup(group)), keys.due], [group, groupThing(tenant, group)])) ===
    1
  );
}

export interface SendTo {
  /** It is being accepted in this turn of the event loop: it is sent only where nobody of its class waits before it. */
  readonly isNew?: boolean;
  readonly worker: {readonly id: string; readonly name: string};
  readonly engine: string;
  readonly total: {readonly slots: number; readonly memory: number};
}

/** A worker that was removed has none, whatever a server's table still says. */
const anyRecord = '{';

/** Pops, reserves, sends and tells in one step; `full` where the worker has no room after all. */
export function sendJob(store: JobStore, record: JobRecord, to: SendTo): Promise<StepResult> {
  const {needs} = record.spec;
  const {keys} = store.rim;
  return store.step(
    record.id,
    {type: 'send', attemptId: store.attemptIds.issue(record.id, to.worker.id), worker: to.worker, engine: to.engine},
    {
      actor: 'server',
      ...(to.isNew === true ? {from: record} : {}),
      add: change => {
        change.is('room', keys.worker(to.worker.id), anyRecord);
        if (to.isNew === true) change.fewer('room', keys.waiting(record.tenant, record.group), 2);
        change.room('room', keys.used(to.worker.id), {slots: needs.slots, memory: needs.memoryBytes}, to.total);
      },
    },
  );
}

/** Rows of `due` that somebody must look at now. */
export const overdue = (store: JobStore, count: number): Promise<string[]> =>
  store.rim.ask(redis => redis.zrangebyscore(store.rim.keys.due, '-inf', store.rim.clock.now(), 'LIMIT', 0, count));

/** The row is due then, also where it was due before. */
export const writeDue = ({rim}: JobStore, thing: string, at: number): Promise<unknown> =>
  rim.ask(redis => redis.zadd(rim.keys.due, at, thing));

/** When the first row after `from` is due, if that is not after `until`. */
export async function nextDue(store: JobStore, from: number, until: number): Promise<number | undefined> {
  const {due} = store.rim.keys;
  const [, at] = await store.rim.ask(redis => redis.zrangebyscore(due, `(${from}`, until, 'WITHSCORES', 'LIMIT', 0, 1));
  return at === undefined ? undefined : Number(at);
}

/** Rows that became due in that time. */
export const dueBetween = (store: JobStore, from: number, until: number): Promise<string[]> =>
  store.rim.ask(redis => redis.zrangebyscore(store.rim.keys.due, `(${from}`, until, 'LIMIT', 0, 1_000));

/** Purpose: a row was looked at. KEYS: due. ARGV: row, time before which it must have been written. Newer rows stay. */
const seenScript = `
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and tonumber(at) < tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
`;

/** Servers' readings of Redis's clock may differ by this much; a row written within it is looked at once more. */
const clockMarginMs = 100;

/** Removes the row unless it was written again after the look began. */
export async function dropDue(store: JobStore, thing: string, beganAt: number): Promise<void> {
  await store.rim.script(seenScript)([store.rim.keys.due], [thing, beganAt - clockMarginMs]);
}
