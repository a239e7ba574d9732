import type {z} from 'zod';
import type {DeadLetterView, DeliveryView, EventView} from '../api/index.ts';
import {newId} from '../config/index.ts';
import {addFact} from '../events/store-facts.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {RedisRim} from '../rim/redis.ts';
import {stateOf, type EndpointRecord, type EndpointState} from './rules-record.ts';

type Event = z.infer<typeof EventView>;

/** What is sent apart from the stream: asked for by a person, tried once. */
export interface Extra {
  readonly kind: 'test' | 'redelivery';
  readonly event: Event;
  /** Its place among the dead letters, which it leaves where it is taken. */
  readonly dead?: string | undefined;
}

export interface Look {
  readonly record: EndpointRecord;
  readonly state: EndpointState;
  readonly extra: {readonly text: string; readonly value: Extra} | undefined;
}

/** A dead letter with its place in the list. */
export interface DeadLetter {
  readonly place: string;
  readonly letter: DeadLetterView;
  readonly event: Event;
}

/** What one delivery, or a step without one, changes. Nothing else is written by a pump. */
export interface Settled {
  readonly set?: Readonly<Record<string, string | number>> | undefined;
  readonly clear?: readonly string[] | undefined;
  readonly taken?: boolean | undefined;
  readonly deliveries?: readonly DeliveryView[] | undefined;
  readonly dead?: {readonly letter: DeadLetterView; readonly event: Event} | undefined;
  /** The text of an extra that was sent, and the place of the dead letter that it was. */
  readonly sent?: string | undefined;
  readonly revived?: string | undefined;
  readonly skipped?: number | undefined;
  readonly fact?: {readonly type: string; readonly data: Readonly<Record<string, unknown>>} | undefined;
}

const mostDeliveries = 200;
const mostDead = 1_000;
const mostExtras = 1_000;

/**
 * Purpose: what a pump must know, if it is the one pump of the endpoint; it is for so long from now on.
 * KEYS: lease, record, state, extras. ARGV: owner, milliseconds. Returns nothing where another process has the lease.
 */
const lookScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {} end
local record = redis.call('GET', KEYS[2])
if not record then return {} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {record, redis.call('HGETALL', KEYS[3]), redis.call('LINDEX', KEYS[4], 0) or ''}
`;

/** Purpose: give back a lease that is still ours. KEYS: lease. ARGV: owner. */
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** What the pumps of all servers share: whose turn it is, and how far each endpoint is. */
export function createReportStore(rim: RedisRim, leaseMs: number) {
  const {keys} = rim;
  const look = rim.script(lookScript);
  const release = rim.script(releaseScript);
  const stateKey = keys.webhookState;
  return {
    /** Takes or renews the lease. Undefined where another has it, or there is no such endpoint any more. */
    look: async (id: string, owner: string): Promise<Look | undefined> => {
      const names = [keys.webhookLease(id), keys.webhook(id), stateKey(id), keys.webhookExtras(id)];
      const answer = (await look(names, [owner, leaseMs])) as [string, string[], string] | [];
      if (answer.length === 0) return undefined;
      const [record, state, extra] = answer;
      return {
        record: JSON.parse(record) as EndpointRecord,
        state: stateOf(fieldsOf(state)),
        extra: extra === '' ? undefined : {text: extra, value: JSON.parse(extra) as Extra},
      };
    },
    release: async (id: string, owner: string): Promise<void> => void (await release([keys.webhookLease(id)], [owner])),
    /** One step (R1). False where the lease was lost or somebody changed the endpoint meanwhile; then nothing is written. */
    settle: async ({v, id, tenant}: EndpointRecord, owner: string, settled: Settled): Promise<boolean> => {
      const done = await rim.commit(change => {
        change.is('lease', keys.webhookLease(id), owner).is('record', keys.webhook(id), `{"v":${v},`);
        writeSettled(change, {id, rim}, settled);
        const {fact} = settled;
        if (fact !== undefined)
          addFact(change, keys, tenant, {id: newId('e'), subject: `webhooks/${id}`, time: rim.clock.now(), actor: 'server', ...fact});
      });
      return done.done;
    },
    /** Ids of all endpoints with their tenants. */
    all: async (): Promise<ReadonlyMap<string, string>> => new Map(Object.entries(await rim.ask(redis => redis.hgetall(keys.allWebhooks)))),
    states: async (ids: readonly string[]): Promise<readonly EndpointState[]> =>
      (await rim.ask(redis => Promise.all(ids.map(id => redis.hgetall(stateKey(id)))))).map(stateOf),
    hasExtras: async (id: string): Promise<boolean> => (await rim.ask(redis => redis.llen(keys.webhookExtras(id)))) > 0,
    /** Id of the oldest event of the tenant that is kept. */
    first: async (tenant: string): Promise<string | undefined> =>
      (await rim.ask(redis => redis.xrange(keys.events(tenant), '-', '+', 'COUNT', 1)))[0]?.[0],
  };
}
export type ReportStore = ReturnType<typeof createReportStore>;

function writeSettled(change: Change, {id, rim}: {readonly id: string; readonly rim: RedisRim}, settled: Settled): void {
  const {keys} = rim;
  const state = keys.webhookState(id);
  const {set = {}, clear = [], deliveries = [], dead, sent, revived} = settled;
  if (Object.keys(set).length > 0) change.do(state, 'HSET', ...Object.entries(set).flat());
  if (clear.length > 0) change.do(state, 'HDEL', ...clear);
  if (settled.taken === true) change.do(state, 'HINCRBY', 'delivered', 1).do(state, 'HSET', 'deliveredAt', rim.clock.now());
  if (settled.skipped !== undefined) change.do(state, 'HINCRBY', 'skipped', settled.skipped);
  for (const delivery of deliveries)
    change.do(keys.webhookLog(id), 'LPUSH', JSON.stringify(delivery)).do(keys.webhookLog(id), 'LTRIM', 0, mostDeliveries - 1);
  if (dead !== undefined)
    change.do(keys.webhookDead(id), 'XADD', 'MAXLEN', mostDead, '*', 'l', JSON.stringify(dead.letter), 'e', JSON.stringify(dead.event));
  if (sent !== undefined) change.do(keys.webhookExtras(id), 'LREM', 1, sent);
  if (revived !== undefined) change.do(keys.webhookDead(id), 'XDEL', revived);
}

/** What people read and ask for; see `WebhookService`. */
export function createLetters(rim: RedisRim) {
  const {keys} = rim;
  return {
    deliveries: async (id: string, limit: number): Promise<readonly DeliveryView[]> =>
      (await rim.ask(redis => redis.lrange(keys.webhookLog(id), 0, limit - 1))).map(text => JSON.parse(text) as DeliveryView),
    dead: async (id: string): Promise<readonly DeadLetter[]> => {
      const rows = await rim.ask(redis => redis.xrevrange(keys.webhookDead(id), '+', '-', 'COUNT', mostDead));
      return rows.map(([place, fields]) => ({
        place,
        letter: JSON.parse(fields[1] ?? '{}') as DeadLetterView,
        event: JSON.parse(fields[3] ?? '{}') as Event,
      }));
    },
    /** An event of the tenant that is still kept. */
    event: async (tenant: string, seq: string): Promise<Event | undefined> => {
      const at = seq.replace('.', '-');
      const [row] = await rim.ask(redis => redis.xrange(keys.events(tenant), at, at));
      return row === undefined ? undefined : {...(JSON.parse(row[1][1] ?? '{}') as Event), seq};
    },
    /** False where too many wait already; then none was added. */
    push: async (id: string, extras: readonly Extra[]): Promise<boolean> => {
      if (extras.length === 0) return true;
      const waiting = await rim.ask(redis => redis.llen(keys.webhookExtras(id)));
      if (waiting + extras.length > mostExtras) return false;
      await rim.ask(redis => redis.rpush(keys.webhookExtras(id), ...extras.map(extra => JSON.stringify(extra))));
      return true;
    },
  };
}
export type Letters = ReturnType<typeof createLetters>;

const fieldsOf = (flat: readonly string[]): Record<string, string> =>
  Object.fromEntries(Array.from({length: flat.length / 2}, (_, at) => [flat[at * 2]!, flat[at * 2 + 1]!]));
