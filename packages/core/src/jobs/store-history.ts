import {devboxIdOf} from '../devboxes/rules.ts';
import {hasEnded} from './rules-record.ts';
import type {JobStore} from './store.ts';

const batch = 500;

/** Forgets ended jobs that are older than allowed or over the number, oldest first; a part per call. Returns whose bytes may go. */
export async function dropHistory(
  store: JobStore,
  tenant: string,
  keep: {readonly before: number; readonly most: number},
): Promise<string[]> {
  const {keys} = store.rim;
  const index = keys.jobs(tenant);
  const [count, old] = await store.rim.ask(async redis => [
    await redis.zcard(index),
    await redis.zrangebyscore(index, '-inf', `(${keep.before}`, 'LIMIT', 0, batch),
  ]);
  const over = Math.min(batch, Math.max(0, count - keep.most));
  const most = over === 0 ? [] : await store.rim.ask(redis => redis.zrange(index, '0', String(over - 1)));
  const gone: string[] = [];
  for (const record of await store.readMany([...new Set([...old, ...most])])) {
    if (record === undefined || !hasEnded(record)) continue;
    const devbox = devboxIdOf(record.spec);
    await store.rim.commit(change => {
      change.do(keys.job(record.id), 'DEL').do(index, 'ZREM', record.id).do(keys.ids(tenant), 'ZREM', record.id);
      change.do(keys.progress(tenant), 'HDEL', record.id);
      change.do(keys.totals(record.id), 'DEL').do(keys.children(record.id), 'DEL');
      if (record.origin !== undefined) change.do(keys.roleJobs(record.origin.role.id), 'ZREM', record.id);
      if (devbox !== undefined) change.do(keys.devboxJobs(devbox), 'ZREM', record.id);
    });
    gone.push(record.id);
  }
  return gone;
}
