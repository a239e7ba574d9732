import {BoxyardError} from '../errors/index.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {DevBoxRecord} from './rules.ts';

/** By name or id; `NOT_FOUND` also for another tenant's. */
export async function getDevBox(rim: RedisRim, tenant: string, text: string): Promise<DevBoxRecord> {
  const isId = /^d-[a-z2-7]{26}$/.test(text);
  const named = isId ? null : await rim.ask(redis => redis.hget(rim.keys.devboxes(tenant), text));
  const id = isId ? text : named;
  const found = id === null ? null : await rim.ask(redis => redis.get(rim.keys.devbox(id)));
  const record = found === null ? undefined : (JSON.parse(found) as DevBoxRecord);
  if (record === undefined || record.tenant !== tenant)
    throw new BoxyardError('NOT_FOUND', {what: 'DevBox', name: text.slice(0, 80), list: 'boxyard devboxes list'});
  return record;
}

export async function listDevBoxes(rim: RedisRim, tenant: string): Promise<DevBoxRecord[]> {
  const ids = await rim.ask(redis => redis.hvals(rim.keys.devboxes(tenant)));
  const texts = ids.length === 0 ? [] : await rim.ask(redis => redis.mget(ids.map(id => rim.keys.devbox(id))));
  const records = texts.filter(text => text !== null).map(text => JSON.parse(text) as DevBoxRecord);
  return records.toSorted((a, b) => a.createdAt - b.createdAt);
}
