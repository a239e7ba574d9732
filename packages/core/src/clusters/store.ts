import {BoxyardError} from '../errors/index.ts';
import {newId} from '../config/index.ts';
import {addFact} from '../events/store-facts.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Change} from '../rim/redis-commit.ts';
import {keptThing, watchThing} from '../folders/rules-watch.ts';
import {type ClusterRecord, type RoleRecord, cronThing, cronsOf} from './rules.ts';
import {nextOf} from './rules-cron.ts';

const mostClusters = 1_000;
/** How long folders outlive their cluster. */
const foldersKeptMs = 600_000;

/** Whoever's it is. */
export async function readCluster(rim: RedisRim, id: string): Promise<ClusterRecord | undefined> {
  const json = await rim.ask(redis => redis.get(rim.keys.cluster(id)));
  return json === null ? undefined : (JSON.parse(json) as ClusterRecord);
}

/** By name or id; `NOT_FOUND` also for another tenant's. */
export async function getCluster(rim: RedisRim, tenant: string, text: string): Promise<ClusterRecord> {
  const found = await findCluster(rim, tenant, text);
  if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'cluster', name: text.slice(0, 80), list: 'boxyard clusters list'});
  return found;
}

export async function findCluster(rim: RedisRim, tenant: string, text: string): Promise<ClusterRecord | undefined> {
  const isId = /^c-[a-z2-7]{26}$/.test(text);
  const id = isId ? text : await rim.ask(redis => redis.hget(rim.keys.clusters(tenant), text));
  const json = id === null ? null : await rim.ask(redis => redis.get(rim.keys.cluster(id)));
  const record = json === null ? undefined : (JSON.parse(json) as ClusterRecord);
  return record?.tenant === tenant ? record : undefined;
}

export async function listClusters(rim: RedisRim, tenant: string): Promise<ClusterRecord[]> {
  const ids = await rim.ask(redis => redis.hvals(rim.keys.clusters(tenant)));
  const texts = ids.length === 0 ? [] : await rim.ask(redis => redis.mget(ids.map(id => rim.keys.cluster(id))));
  const records = texts.filter(text => text !== null).map(text => JSON.parse(text) as ClusterRecord);
  return records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The record, its name and what happened, in one step that compares: false where it changed meanwhile. Without `before` it is
 * new, without `after` it goes. `NAME_TAKEN`, `LIMIT_REACHED`.
 */
export async function writeCluster(
  rim: RedisRim,
  {before, after}: {readonly before?: ClusterRecord | undefined; readonly after?: ClusterRecord | undefined},
  actor: string,
): Promise<boolean> {
  const {keys} = rim;
  const {tenant, id} = (after ?? before)!;
  const names = keys.clusters(tenant);
  const result = await rim.commit(change => {
    if (before !== undefined) change.is('cluster', keys.cluster(id), `{"v":${before.v},`);
    if (after !== undefined && after.name !== before?.name) change.noField('name', names, after.name);
    if (before === undefined) change.below('limit', names, mostClusters);
    if (before !== undefined && before.name !== after?.name) change.do(names, 'HDEL', before.name);
    if (after === undefined) change.do(keys.cluster(id), 'DEL');
    else change.do(keys.cluster(id), 'SET', JSON.stringify(versioned(after))).do(names, 'HSET', after.name, id);
    const type = before === undefined ? 'cluster.created' : after === undefined ? 'cluster.removed' : 'cluster.changed';
    const {name, v, enabled} = (after ?? before)!;
    addFact(change, keys, tenant, {
      id: newId('e'),
      type,
      subject: `clusters/${id}`,
      time: rim.clock.now(),
      actor,
      data: {name, v, enabled},
    });
    addCrons(change, keys.due, {before, after, now: rim.clock.now()});
    for (const role of before?.roles ?? [])
      if (!after?.roles.some(kept => kept.id === role.id))
        change
          .do(keys.roleJobs(role.id), 'DEL')
          .do(keys.roleHome(role.id), 'DEL')
          .do(keys.roleSecrets(role.id), 'DEL')
          .do(keys.watch(role.id), 'DEL')
          .do(keys.due, 'ZREM', watchThing(id, role.id));
    // What its last jobs bring shall not be left behind.
    if (after === undefined) change.do(keys.due, 'ZADD', rim.clock.now() + foldersKeptMs, keptThing(id, '*'));
  });
  if (result.done) return true;
  if (result.failed === 'name') throw new BoxyardError('NAME_TAKEN', {name: after!.name});
  if (result.failed === 'limit') throw new BoxyardError('LIMIT_REACHED', {what: 'clusters', limit: mostClusters});
  return false;
}

interface Written {
  readonly before: ClusterRecord | undefined;
  readonly after: ClusterRecord | undefined;
  readonly now: number;
}

/** A row of `due` for each role with schedules, written with the record: there is no moment in which one is without the other. */
function addCrons(change: Change, due: string, {before, after, now}: Written): void {
  for (const role of after?.roles ?? []) {
    const next = nextOf(cronsOf(after!, role), now);
    if (next !== undefined) change.do(due, 'ZADD', next.at, cronThing(after!.id, role.id));
  }
  for (const role of before?.roles ?? []) {
    const kept = after?.roles.find(one => one.id === role.id);
    if (kept === undefined || cronsOf(after!, kept).length === 0) change.do(due, 'ZREM', cronThing(before!.id, role.id));
  }
}

/** Sealed; null where there are none. */
export const readRoleSecrets = (rim: RedisRim, role: string): Promise<string | null> =>
  rim.ask(redis => redis.get(rim.keys.roleSecrets(role)));

interface SecretsWritten {
  readonly record: ClusterRecord;
  readonly role: RoleRecord;
  readonly before: string | null;
  readonly after: string | null;
}

/** False where the cluster or its secrets changed meanwhile: none are left to a role that goes. */
export async function writeRoleSecrets(rim: RedisRim, {record, role, before, after}: SecretsWritten, actor: string): Promise<boolean> {
  const {keys} = rim;
  const {done} = await rim.commit(change => {
    change.is('cluster', keys.cluster(record.id), `{"v":${record.v},`).is('secrets', keys.roleSecrets(role.id), before ?? '');
    if (after === null) change.do(keys.roleSecrets(role.id), 'DEL');
    else change.do(keys.roleSecrets(role.id), 'SET', after);
    addFact(change, keys, record.tenant, {
      id: newId('e'),
      type: after === null ? 'role.secret.removed' : 'role.secret.set',
      subject: `clusters/${record.id}`,
      time: rim.clock.now(),
      actor,
      data: {role: role.id, name: role.name},
    });
  });
  return done;
}

/** The time a schedule of the role is next due; undefined where it has none. */
export async function readCron(rim: RedisRim, cluster: string, role: string): Promise<number | undefined> {
  const score = await rim.ask(redis => redis.zscore(rim.keys.due, cronThing(cluster, role)));
  return score === null ? undefined : Number(score);
}

export interface CronWritten {
  readonly role: string;
  /** Undefined: there is none any more. */
  readonly next: number | undefined;
  /** A run that was due and not let in. */
  readonly refused?: Readonly<Record<string, unknown>> | undefined;
}

/** The next time, unless the cluster has changed since. */
export async function writeCron(rim: RedisRim, record: ClusterRecord, {role, next, refused}: CronWritten): Promise<void> {
  const {keys} = rim;
  const thing = cronThing(record.id, role);
  await rim.commit(change => {
    change.is('cluster', keys.cluster(record.id), `{"v":${record.v},`);
    if (next === undefined) change.do(keys.due, 'ZREM', thing);
    else change.do(keys.due, 'ZADD', next, thing);
    if (refused === undefined) return;
    const actor = `trigger:${record.name}`;
    addFact(change, keys, record.tenant, {
      id: newId('e'),
      type: 'role.refused',
      subject: `clusters/${record.id}`,
      time: rim.clock.now(),
      actor,
      data: {role, ...refused},
    });
  });
}

/** `v` comes first in the JSON: it is what a change compares. */
const versioned = ({v, ...rest}: ClusterRecord) => ({v, ...rest});

/** Runs of each role that go on, and that wait. */
export async function countRuns(rim: RedisRim, roles: readonly string[]): Promise<{readonly running: number; readonly queued: number}[]> {
  const {keys} = rim;
  return rim.ask(redis =>
    Promise.all(
      roles.map(async role => {
        const [running, queued] = await Promise.all([redis.hlen(keys.roleRuns(role)), redis.zcard(keys.roleQueue(role))]);
        return {running, queued};
      }),
    ),
  );
}

export interface OpenRun {
  readonly id: string;
  readonly createdAt: number;
}

/** Runs that have not ended, those that wait first: who ends them all in this order lets none in. */
export async function openRuns(rim: RedisRim, role: string): Promise<OpenRun[]> {
  const {keys} = rim;
  const [waiting, running] = await rim.ask(redis =>
    Promise.all([redis.zrange(keys.roleQueue(role), '0', '-1', 'WITHSCORES'), redis.hgetall(keys.roleRuns(role))]),
  );
  const queued = waiting.flatMap((id, at) => (at % 2 === 0 ? [{id, createdAt: Number(waiting[at + 1])}] : []));
  return [...queued, ...Object.entries(running).map(([id, createdAt]) => ({id, createdAt: Number(createdAt)}))];
}
