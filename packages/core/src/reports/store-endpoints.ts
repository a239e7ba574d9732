import {BoxyardError} from '../errors/index.ts';
import {newId} from '../config/index.ts';
import {isAfter} from '../events/rules.ts';
import {addFact} from '../events/store-facts.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {RedisRim} from '../rim/redis.ts';
import {stateOf, type EndpointRecord, type EndpointState} from './rules-record.ts';

export const mostEndpoints = 50;

export interface Endpoint {
  readonly record: EndpointRecord;
  readonly state: EndpointState;
  readonly deadLetters: number;
}

interface ChangedBy {
  readonly actor: string;
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Fields of the state that change with it. */
  readonly set?: Readonly<Record<string, string | number>> | undefined;
  readonly clear?: readonly string[] | undefined;
}

/** What people write about endpoints; each change is one step with its event, and raises `v`. */
export const createEndpointStore = (rim: RedisRim) => ({...reading(rim), ...writing(rim)});
export type EndpointStore = ReturnType<typeof createEndpointStore>;

function reading(rim: RedisRim) {
  const {keys} = rim;
  const read = async (id: string): Promise<Endpoint | undefined> => {
    const [text, state, deadLetters] = await rim.ask(redis =>
      Promise.all([redis.get(keys.webhook(id)), redis.hgetall(keys.webhookState(id)), redis.xlen(keys.webhookDead(id))]),
    );
    return text === null ? undefined : {record: JSON.parse(text) as EndpointRecord, state: stateOf(state), deadLetters};
  };
  return {
    read,
    /** By id or name. `NOT_FOUND`, also for another tenant's. */
    get: async (tenant: string, idOrName: string): Promise<Endpoint> => {
      const missing = () => new BoxyardError('NOT_FOUND', {what: 'webhook', name: idOrName, list: 'boxyard webhooks list'});
      const isId = /^h-[a-z2-7]{26}$/.test(idOrName);
      const id = isId ? idOrName : await rim.ask(redis => redis.hget(keys.webhookNames(tenant), idOrName));
      const found = id === null ? undefined : await read(id);
      if (found?.record.tenant !== tenant) throw missing();
      return found;
    },
    list: async (tenant: string): Promise<readonly Endpoint[]> => {
      const ids = await rim.ask(redis => redis.hkeys(keys.webhooks(tenant)));
      const found = await Promise.all(ids.map(read));
      return found.filter(each => each !== undefined).sort((a, b) => a.record.createdAt.localeCompare(b.record.createdAt));
    },
  };
}

function writing(rim: RedisRim) {
  const {keys} = rim;
  const factOf = factsOf(rim);
  return {
    /** `NAME_TAKEN`, `LIMIT_REACHED`. It begins behind the newest event. */
    create: async (record: EndpointRecord, cursor: string): Promise<void> => {
      const {id, tenant, name, actor} = record;
      const made = await rim.commit(change => {
        change.noField('name', keys.webhookNames(tenant), name).below('limit', keys.webhooks(tenant), mostEndpoints);
        change.do(keys.webhookNames(tenant), 'HSET', name, id).do(keys.webhooks(tenant), 'HSET', id, name);
        change.do(keys.allWebhooks, 'HSET', id, tenant).do(keys.webhook(id), 'SET', JSON.stringify(record));
        change.do(keys.webhookState(id), 'HSET', 'cursor', cursor, 'enabled', 1);
        change.do(keys.tenants, 'SADD', tenant);
        const data = {name, reporter: record.reporter, events: record.events};
        addFact(change, keys, tenant, factOf(record, {actor, type: 'webhook.created', data}));
      });
      if (made.done) return;
      throw made.failed === 'name'
        ? new BoxyardError('NAME_TAKEN', {name})
        : new BoxyardError('LIMIT_REACHED', {limit: mostEndpoints, what: 'webhooks'});
    },
    /** `CONFLICT` where somebody else changed it meanwhile, `NAME_TAKEN`. */
    change: async (before: EndpointRecord, after: Omit<EndpointRecord, 'v'>, by: ChangedBy): Promise<void> => {
      const {id, tenant} = before;
      const {v: _old, ...rest} = after as EndpointRecord;
      const done = await rim.commit(change => {
        change.is('record', keys.webhook(id), `{"v":${before.v},`);
        if (after.name !== before.name) writeName(change, rim, before, after.name);
        change.do(keys.webhook(id), 'SET', JSON.stringify({v: before.v + 1, ...rest}));
        const {set = {}, clear = []} = by;
        if (Object.keys(set).length > 0) change.do(keys.webhookState(id), 'HSET', ...Object.entries(set).flat());
        if (clear.length > 0) change.do(keys.webhookState(id), 'HDEL', ...clear);
        addFact(change, keys, tenant, factOf(before, by));
      });
      if (done.done) return;
      if (done.failed === 'name') throw new BoxyardError('NAME_TAKEN', {name: after.name});
      throw new BoxyardError('CONFLICT', {what: `Webhook ${before.name}`, issue: 'was changed by somebody else meanwhile'});
    },
    remove: async ({v, id, tenant, name}: EndpointRecord, actor: string): Promise<boolean> => {
      const done = await rim.commit(change => {
        change.is('record', keys.webhook(id), `{"v":${v},`);
        change.do(keys.webhookNames(tenant), 'HDEL', name).do(keys.webhooks(tenant), 'HDEL', id).do(keys.allWebhooks, 'HDEL', id);
        const own = [keys.webhook, keys.webhookState, keys.webhookLease, keys.webhookLog, keys.webhookDead, keys.webhookExtras];
        for (const key of own) change.do(key(id), 'DEL');
        addFact(change, keys, tenant, factOf({id}, {actor, type: 'webhook.removed', data: {name}}));
      });
      return done.done;
    },
  };
}

function writeName(change: Change, {keys}: RedisRim, {id, tenant, name: old}: EndpointRecord, name: string): void {
  change.noField('name', keys.webhookNames(tenant), name);
  change.do(keys.webhookNames(tenant), 'HDEL', old).do(keys.webhookNames(tenant), 'HSET', name, id);
  change.do(keys.webhooks(tenant), 'HSET', id, name);
}

const factsOf =
  (rim: RedisRim) =>
  ({id}: Pick<EndpointRecord, 'id'>, {actor, type, data = {}}: Pick<ChangedBy, 'actor' | 'type' | 'data'>) => ({
    id: newId('e'),
    subject: `webhooks/${id}`,
    time: rim.clock.now(),
    actor,
    type,
    data,
  });

/**
 * How far back the tenant's events must be kept for its endpoints: the cursor of the slowest enabled one, unless what it waits
 * for is older than `mostMs` (R18).
 */
export async function slowestCursor(rim: RedisRim, tenant: string, mostMs: number): Promise<string | undefined> {
  const {keys} = rim;
  const ids = await rim.ask(redis => redis.hkeys(keys.webhooks(tenant)));
  if (ids.length === 0) return undefined;
  const states = (await rim.ask(redis => Promise.all(ids.map(id => redis.hgetall(keys.webhookState(id)))))).map(stateOf);
  const cursors = states.filter(({enabled}) => enabled).map(({cursor}) => cursor);
  const isYoung = async (cursor: string) => {
    const [row] = await rim.ask(redis => redis.xrange(keys.events(tenant), `(${cursor}`, '+', 'COUNT', 1));
    const time = row === undefined ? undefined : (JSON.parse(row[1][1] ?? '{}') as {time?: string}).time;
    return time === undefined || rim.clock.now() - Date.parse(time) < mostMs;
  };
  const sorted = cursors.sort((a, b) => (isAfter(a, b) ? 1 : -1));
  for (const cursor of sorted) if (await isYoung(cursor)) return cursor;
  return undefined;
}
