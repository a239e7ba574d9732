import type {z} from 'zod';
import type {JobsQuery} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {DevBoxId} from '../protocol/index.ts';
import type {JobRecord} from './rules-record.ts';
import {ttyOf} from './rules-tty.ts';
import type {ChildTotals} from './rules-totals.ts';
import type {JobStore} from './store.ts';

const pageSize = 200;
const mostScanned = 20_000;

export interface JobPage {
  readonly items: readonly JobRecord[];
  readonly nextCursor?: string | undefined;
}

/** Newest first. Scans the narrowest index there is for the filter, a bounded part per call; the cursor goes on from there. */
export async function listJobs(store: JobStore, tenant: string, query: z.infer<typeof JobsQuery>): Promise<JobPage> {
  const index = indexFor(store, tenant, query);
  const items: JobRecord[] = [];
  let at = cursorOf(query.cursor);
  for (let scanned = 0; scanned < mostScanned; scanned += pageSize) {
    const ids = await store.rim.ask(redis => redis.zrevrange(index, at, at + pageSize - 1));
    const records = await store.readMany(ids);
    for (const [i, record] of records.entries()) {
      if (record === undefined || record.tenant !== tenant || !fits(record, query)) continue;
      items.push(record);
      if (items.length === query.limit) return {items, nextCursor: String(at + i + 1)};
    }
    at += ids.length;
    if (ids.length < pageSize) return {items};
  }
  return {items, nextCursor: String(at)};
}

function indexFor({rim: {keys}}: JobStore, tenant: string, query: z.infer<typeof JobsQuery>): string {
  if (query.parent !== undefined) return keys.children(query.parent);
  if (query.role !== undefined) return keys.roleJobs(query.role);
  if (query.devbox?.startsWith('d-') === true) return keys.devboxJobs(query.devbox);
  return query.state !== undefined && query.state !== 'ended' ? keys.live(tenant) : keys.jobs(tenant);
}

function cursorOf(cursor: string | undefined): number {
  const at = Number(cursor ?? 0);
  if (!Number.isSafeInteger(at) || at < 0) throw new BoxyardError('INVALID_INPUT', {field: 'cursor', issue: 'not a cursor of ours'});
  return at;
}

function fits(record: JobRecord, query: z.infer<typeof JobsQuery>): boolean {
  const {state, outcome, kind, worker, parent, session, role} = query;
  if (state !== undefined && record.state !== state) return false;
  if (outcome !== undefined && record.outcome !== outcome) return false;
  if (kind !== undefined && record.kind !== kind) return false;
  if (parent !== undefined && record.parent !== parent) return false;
  if (role !== undefined && record.origin?.role.id !== role) return false;
  if (session !== undefined && (ttyOf(record.spec) !== undefined) !== (session === 'true')) return false;
  return worker === undefined || record.worker?.id === worker || record.worker?.name === worker;
}

/** By id, unique prefix of an id, or `DEVBOX/NAME` (the exec of that name that lives, else the newest). `NOT_FOUND` also for another tenant's. */
export async function getJob(store: JobStore, tenant: string, text: string): Promise<JobRecord> {
  const missing = new BoxyardError('NOT_FOUND', {what: 'job', name: text.slice(0, 80), list: 'boxyard jobs list'});
  const id = text.includes('/') ? await namedExec(store, tenant, text) : await fullId(store, tenant, text);
  const record = id === undefined ? undefined : await store.read(id);
  if (record === undefined || record.tenant !== tenant) throw missing;
  return record;
}

async function fullId(store: JobStore, tenant: string, text: string): Promise<string | undefined> {
  if (/^j-[a-z2-7]{26}$/.test(text)) return text;
  const prefix = text.startsWith('j-') ? text : `j-${text}`;
  if (!/^j-[a-z2-7]{1,26}$/.test(prefix)) return undefined;
  const found = await store.rim.ask(redis => redis.zrangebylex(store.rim.keys.ids(tenant), `[${prefix}`, `[${prefix}~`, 'LIMIT', 0, 2));
  if (found.length > 1)
    throw new BoxyardError('CONFLICT', {
      what: text,
      issue: 'is the beginning of more than one job',
      hint: `Give more letters: ${found.join(', ')}, …`,
    });
  return found[0];
}

async function namedExec(store: JobStore, tenant: string, text: string): Promise<string | undefined> {
  const [box = '', name = ''] = text.split('/');
  const {keys} = store.rim;
  const devbox = DevBoxId.safeParse(box).success ? box : await store.rim.ask(redis => redis.hget(keys.devboxes(tenant), box));
  if (devbox === null) return undefined;
  const live = await store.rim.ask(redis => redis.hget(keys.execs(devbox), name));
  if (live !== null) return live;
  for (let at = 0; at < 1_000; at += pageSize) {
    const ids = await store.rim.ask(redis => redis.zrevrange(keys.devboxJobs(devbox), at, at + pageSize - 1));
    const found = (await store.readMany(ids)).find(record => record?.name === name);
    if (found !== undefined) return found.id;
    if (ids.length < pageSize) return undefined;
  }
  return undefined;
}

export async function readTotals(store: JobStore, jobs: readonly string[]): Promise<(ChildTotals | undefined)[]> {
  const rows = await store.rim.ask(redis => Promise.all(jobs.map(job => redis.hgetall(store.rim.keys.totals(job)))));
  return rows.map(row => {
    if (Object.keys(row).length === 0) return undefined;
    const at = (name: string) => Number(row[name] ?? 0);
    return {
      total: at('total'),
      queued: at('queued'),
      running: at('running'),
      succeeded: at('succeeded'),
      failed: at('failed'),
      cancelled: at('cancelled'),
      lost: at('lost'),
    };
  });
}

/** Ids of a parent's children, in their order. */
export const childrenOf = (store: JobStore, parent: string): Promise<string[]> =>
  store.rim.ask(redis => redis.zrange(store.rim.keys.children(parent), '0', '-1'));

/** Everything sent to the worker and not ended. */
export const jobsOnWorker = (store: JobStore, worker: string): Promise<string[]> =>
  store.rim.ask(redis => redis.zrange(store.rim.keys.workerJobs(worker), '0', '-1'));
