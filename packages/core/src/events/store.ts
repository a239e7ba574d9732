import type {EventView} from '../api/index.ts';
import type {z} from 'zod';
import type {RedisRim} from '../rim/redis.ts';
import {isAfter} from './rules.ts';

type Event = z.infer<typeof EventView>;

export interface Batch {
  readonly events: readonly Event[];
  /** Stream id to go on after. */
  readonly last: string;
}

/** A tenant's events: a stream whose ids are `<incarnation>-<n>`, which is also each event's `seq` with a dot. */
export interface EventStore {
  /** The newest id, or `0-0`, which stands before the first. */
  newest(tenant: string): Promise<string>;
  /** Whether an event with this id is or may still be in the stream: nothing between it and the oldest was trimmed. */
  isKnown(tenant: string, id: string): Promise<boolean>;
  /** After `after`, oldest first. */
  read(tenant: string, after: string, count: number): Promise<Batch>;
  /** Waits up to `ms` for more after each tenant's id; a connection of its own. */
  waitFor(after: ReadonlyMap<string, string>, ms: number): Promise<ReadonlyMap<string, Batch>>;
  /** Never past `keepFrom`, where somebody still has to read on. */
  trim(tenant: string, bounds: {readonly olderThan: number; readonly most: number; readonly keepFrom?: string | undefined}): Promise<void>;
  close(): void;
}

export function createEventStore(rim: RedisRim): EventStore {
  const {keys} = rim;
  let blocking: ReturnType<RedisRim['blocking']> | undefined;
  const connection = () => (blocking ??= rim.blocking());
  return {
    newest: async tenant => {
      const [row] = await rim.ask(redis => redis.xrevrange(keys.events(tenant), '+', '-', 'COUNT', 1));
      return row?.[0] ?? '0-0';
    },
    isKnown: async (tenant, id) => {
      const [first] = await rim.ask(redis => redis.xrange(keys.events(tenant), '-', '+', 'COUNT', 1));
      const [own] = await rim.ask(redis => redis.xrange(keys.events(tenant), id, id));
      return own !== undefined || (id === '0-0' && (first === undefined || first[0].endsWith('-1')));
    },
    read: async (tenant, after, count) => {
      const rows = await rim.ask(redis => redis.xrange(keys.events(tenant), `(${after}`, '+', 'COUNT', count));
      return {events: rows.map(eventOf), last: rows.at(-1)?.[0] ?? after};
    },
    waitFor: async (after, ms) => {
      const tenants = [...after.keys()];
      const streams = tenants.map(tenant => keys.events(tenant));
      const rows = await connection().xread(
        'COUNT',
        1_000,
        'BLOCK',
        ms,
        'STREAMS',
        ...streams,
        ...tenants.map(tenant => after.get(tenant)!),
      );
      const found = new Map<string, Batch>();
      for (const [stream, entries] of rows ?? []) {
        const tenant = tenants[streams.indexOf(stream)];
        if (tenant !== undefined && entries.length > 0) found.set(tenant, {events: entries.map(eventOf), last: entries.at(-1)![0]});
      }
      return found;
    },
    trim: async (tenant, {olderThan, most, keepFrom}) => {
      const key = keys.events(tenant);
      if (keepFrom === undefined || (await countFrom(rim, key, keepFrom)) <= most)
        await rim.ask(redis => redis.xtrim(key, 'MAXLEN', '~', most));
      else await rim.ask(redis => redis.xtrim(key, 'MINID', keepFrom));
      await trimOld(rim, tenant, {olderThan, keepFrom});
    },
    close: () => blocking?.disconnect(),
  };
}

const eventOf = ([id, fields]: [string, string[]]): Event => ({...(JSON.parse(fields[1] ?? '{}') as Event), seq: id.replace('-', '.')});

/** At most so many lie behind `from`: numbers are given without holes; where Redis was lost in between nobody knows. */
async function countFrom(rim: RedisRim, key: string, from: string): Promise<number> {
  const [row] = await rim.ask(redis => redis.xrevrange(key, '+', '-', 'COUNT', 1));
  const [life, number] = (row?.[0] ?? '0-0').split('-');
  const [fromLife, fromNumber] = from.split('-');
  return life === fromLife ? Number(number) - Number(fromNumber) + 1 : Infinity;
}

/** Ids are no times, so the oldest entries are read until one is young enough; a bounded part per call. */
async function trimOld(
  rim: RedisRim,
  tenant: string,
  {olderThan, keepFrom}: {readonly olderThan: number; readonly keepFrom: string | undefined},
): Promise<void> {
  const key = rim.keys.events(tenant);
  const rows = await rim.ask(redis => redis.xrange(key, '-', '+', 'COUNT', 2_000));
  const firstKept = rows.find(row => Date.parse(eventOf(row).time) >= olderThan);
  const old = firstKept?.[0] ?? (rows.length === 2_000 ? rows.at(-1)![0] : undefined);
  const cut = old !== undefined && keepFrom !== undefined && isAfter(old, keepFrom) ? keepFrom : old;
  if (cut !== undefined && cut !== rows[0]?.[0]) await rim.ask(redis => redis.xtrim(key, 'MINID', cut));
}
