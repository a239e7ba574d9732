import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {addFact} from '../events/store-facts.ts';
import {versionPrefix, writeRecord} from '../jobs/rules-record.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {Conflict} from './rules-merge.ts';
import {keptThing, type Watch, watchDue, watchThing} from './rules-watch.ts';

/** A folder of a cluster: which list of files it is now. `v` comes first in its JSON and rises with every change. */
export interface FolderRecord {
  readonly v: number;
  readonly tenant: string;
  readonly cluster: string;
  readonly folder: string;
  /** The hash of its list, which lies where its files' bytes do. */
  readonly list: string;
  readonly files: number;
  readonly bytes: number;
  readonly updatedAt: number;
  /** Who wrote last: a role with its job, or a person. */
  readonly by?: string | undefined;
}

/** What an attempt's changes came to: written once, with them. */
export interface Stored {
  readonly attempt: string;
  readonly conflicts: readonly Conflict[];
  /** Changes that were not made, and why; in words. */
  readonly notes: readonly string[];
}

export interface FolderStep {
  readonly before: FolderRecord | undefined;
  /** Undefined: it goes. */
  readonly after: FolderRecord | undefined;
  /** When it is to be dropped; absent: when somebody does. */
  readonly until?: number | undefined;
}

export interface FolderCommit {
  readonly tenant: string;
  readonly cluster: string;
  readonly steps: readonly FolderStep[];
  readonly watches: readonly {readonly role: string; readonly before: Watch | undefined; readonly after: Watch}[];
  /** Most bytes of all folders of the tenant; -1 is unlimited. */
  readonly mostBytes: number;
  readonly fact?: {readonly actor: string; readonly data: Readonly<Record<string, unknown>>} | undefined;
  /** Whose attempt it is; nothing is done where the job has moved on meanwhile, or it was done before. */
  readonly job?: {readonly id: string; readonly v: number; readonly run: string; readonly stored: Stored} | undefined;
}

const unlimited = Number.MAX_SAFE_INTEGER;

/** All in one step; false where something of it changed meanwhile. `LIMIT_REACHED` where the tenant's bytes would be too many. */
export async function writeFolders(rim: RedisRim, commit: FolderCommit): Promise<boolean> {
  const {keys} = rim;
  const {tenant, cluster, steps, watches, job, fact, mostBytes} = commit;
  const more = steps.reduce((sum, {before, after}) => sum + (after?.bytes ?? 0) - (before?.bytes ?? 0), 0);
  const used = keys.foldersUsed(tenant);
  const result = await rim.commit(change => {
    // Nothing is written to a cluster that was removed meanwhile.
    if (steps.some(({after}) => after !== undefined)) change.is('record', keys.cluster(cluster), '{');
    for (const {before, after} of steps) guardRecord(change, keys.folder(cluster, (after ?? before)!.folder), before);
    for (const {role, before} of watches) guardRecord(change, keys.watch(role), before);
    if (job !== undefined) {
      change.is('job', keys.job(job.id), versionPrefix(job.v));
      change.noField('job', keys.runFolders(job.run), storedField(job.id, job.stored.attempt));
      change.do(keys.runFolders(job.run), 'HSET', storedField(job.id, job.stored.attempt), JSON.stringify(job.stored));
    }
    if (more > 0) change.room('room', used, {slots: 0, memory: more}, {slots: unlimited, memory: mostBytes < 0 ? unlimited : mostBytes});
    if (more !== 0) change.do(used, 'HINCRBY', 'memory', more);
    for (const step of steps) addStep(change, rim, commit, step);
    for (const {role, after} of watches) addWatch(change, rim, {cluster, role}, after);
    if (fact === undefined) return;
    const {actor, data} = fact;
    addFact(change, keys, tenant, {
      id: newId('e'),
      type: 'folder.changed',
      subject: `clusters/${cluster}`,
      time: rim.clock.now(),
      actor,
      data,
    });
  });
  if (!result.done && result.failed === 'room')
    throw new BoxyardError('LIMIT_REACHED', {
      what: 'bytes in the folders of all clusters',
      limit: mostBytes,
      hint: 'Remove some, boxyard folders remove, or raise the limit: boxyard tenants set.',
    });
  return result.done;
}

/** Of a run whose folders go with its history. */
const storedField = (job: string, attempt: string): string => `${job}.${attempt}`;

function guardRecord(change: Change, key: string, before: {readonly v: number} | undefined): void {
  change.is('record', key, before === undefined ? '' : versionPrefix(before.v));
}

function addStep(change: Change, {keys}: RedisRim, {cluster, job}: FolderCommit, {before, after, until}: FolderStep): void {
  const {folder} = (after ?? before)!;
  const thing = keptThing(cluster, folder);
  if (after === undefined) {
    change.do(keys.folder(cluster, folder), 'DEL').do(keys.folders(cluster), 'SREM', folder).do(keys.due, 'ZREM', thing);
    return;
  }
  change.do(keys.folder(cluster, folder), 'SET', writeRecord(after)).do(keys.folders(cluster), 'SADD', folder);
  if (until !== undefined) change.do(keys.due, 'ZADD', until, thing);
  if (job !== undefined && isOfRun(folder)) change.do(keys.runFolders(job.run), 'HSET', `${cluster}:${folder}`, '1');
}

/** Those go with the history of their run. */
const isOfRun = (folder: string): boolean => folder.startsWith('shared/out/') || folder.startsWith('private/');

function addWatch(change: Change, {keys}: RedisRim, {cluster, role}: {cluster: string; role: string}, watch: Watch): void {
  change.do(keys.watch(role), 'SET', writeRecord(watch));
  const due = watchDue(watch);
  if (due === undefined) change.do(keys.due, 'ZREM', watchThing(cluster, role));
  else change.do(keys.due, 'ZADD', due, watchThing(cluster, role));
}

/** In the order asked. */
export async function readFolders(rim: RedisRim, cluster: string, folders: readonly string[]): Promise<(FolderRecord | undefined)[]> {
  if (folders.length === 0) return [];
  const texts = await rim.ask(redis => redis.mget(folders.map(folder => rim.keys.folder(cluster, folder))));
  return texts.map(text => (text === null ? undefined : (JSON.parse(text) as FolderRecord)));
}

/** Names of a cluster's folders in which something is. */
export const folderNames = async (rim: RedisRim, cluster: string): Promise<string[]> =>
  (await rim.ask(redis => redis.smembers(rim.keys.folders(cluster)))).toSorted();

export async function readWatches(rim: RedisRim, roles: readonly string[]): Promise<(Watch | undefined)[]> {
  if (roles.length === 0) return [];
  const texts = await rim.ask(redis => redis.mget(roles.map(role => rim.keys.watch(role))));
  return texts.map(text => (text === null ? undefined : (JSON.parse(text) as Watch)));
}

/** The next state of a role's watch with its row of `due`; false where it changed meanwhile. */
export async function writeWatch(
  rim: RedisRim,
  {
    cluster,
    role,
    before,
    after,
    refused,
  }: {
    readonly cluster: {readonly id: string; readonly name: string; readonly tenant: string};
    readonly role: string;
    readonly before: Watch;
    /** Undefined: it goes. */
    readonly after: Watch | undefined;
    /** A run that was due and not let in. */
    readonly refused?: Readonly<Record<string, unknown>> | undefined;
  },
): Promise<boolean> {
  const {keys} = rim;
  const result = await rim.commit(change => {
    guardRecord(change, keys.watch(role), before);
    if (after === undefined) change.do(keys.watch(role), 'DEL').do(keys.due, 'ZREM', watchThing(cluster.id, role));
    else addWatch(change, rim, {cluster: cluster.id, role}, after);
    if (refused === undefined) return;
    const actor = `trigger:${cluster.name}`;
    const data = {role, ...refused};
    addFact(change, keys, cluster.tenant, {
      id: newId('e'),
      type: 'role.refused',
      subject: `clusters/${cluster.id}`,
      time: rim.clock.now(),
      actor,
      data,
    });
  });
  return result.done;
}

export async function dropWatchRow(rim: RedisRim, cluster: string, role: string): Promise<void> {
  await rim.ask(redis => redis.zrem(rim.keys.due, watchThing(cluster, role)));
}

/** What an attempt's changes came to, if they were written. */
export async function readStored(rim: RedisRim, run: string, job: string, attempt: string): Promise<Stored | undefined> {
  const text = await rim.ask(redis => redis.hget(rim.keys.runFolders(run), storedField(job, attempt)));
  return text === null ? undefined : (JSON.parse(text) as Stored);
}

/** Files of a run that two jobs changed, by the job whose version has another name; of one job alone where it is named. */
export async function readConflicts(rim: RedisRim, run: string, job?: string): Promise<(Conflict & {readonly job: string})[]> {
  const fields = await rim.ask(redis => redis.hgetall(rim.keys.runFolders(run)));
  return Object.entries(fields).flatMap(([field, text]) => {
    const id = field.split('.')[0]!;
    if (!field.startsWith('j-') || (job !== undefined && id !== job)) return [];
    return (JSON.parse(text) as Stored).conflicts.map(conflict => ({...conflict, job: id}));
  });
}

/** The folders that a run made for itself: cluster and name. */
export async function foldersOfRun(rim: RedisRim, run: string): Promise<{readonly cluster: string; readonly folder: string}[]> {
  const fields = await rim.ask(redis => redis.hkeys(rim.keys.runFolders(run)));
  return fields
    .filter(field => field.startsWith('c-'))
    .map(field => ({cluster: field.slice(0, field.indexOf(':')), folder: field.slice(field.indexOf(':') + 1)}));
}

export async function forgetRun(rim: RedisRim, run: string): Promise<void> {
  await rim.ask(redis => redis.del(rim.keys.runFolders(run)));
}

/** When a folder is to be dropped; undefined where by nobody but people. */
export async function keptUntil(rim: RedisRim, cluster: string, folder: string): Promise<number | undefined> {
  const score = await rim.ask(redis => redis.zscore(rim.keys.due, keptThing(cluster, folder)));
  return score === null ? undefined : Number(score);
}

export async function dropKeptRow(rim: RedisRim, cluster: string, folder: string): Promise<void> {
  await rim.ask(redis => redis.zrem(rim.keys.due, keptThing(cluster, folder)));
}
