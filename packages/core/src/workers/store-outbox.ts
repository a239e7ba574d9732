import type {RedisRim} from '../rim/redis.ts';

export interface OutboxItem {
  readonly entry: string;
  readonly json: string;
}

/** Commands for workers: one stream each, kept until the agent has journalled them, so they survive every restart (R12). */
export interface Outboxes {
  /** Entries after `after` (exclusive; `0` from the beginning), oldest first. */
  read(worker: string, after: string, count: number): Promise<OutboxItem[]>;
  /** Everything up to and including the entry is journalled. */
  done(worker: string, upTo: string): Promise<void>;
}

export function createOutboxes(rim: RedisRim): Outboxes {
  const {keys} = rim;
  return {
    read: async (worker, after, count) => {
      const rows = await rim.ask(redis => redis.xrange(keys.outbox(worker), after === '0' ? '-' : `(${after}`, '+', 'COUNT', count));
      return rows.map(([entry, fields]) => ({entry, json: fields[1] ?? ''}));
    },
    done: async (worker, upTo) => {
      const next = /^(\d+)-(\d+)$/.exec(upTo);
      if (next === null) return;
      await rim.ask(redis => redis.xtrim(keys.outbox(worker), 'MINID', `${next[1]}-${BigInt(next[2]!) + 1n}`));
    },
  };
}

/** Reads a server's bell until the signal aborts: which workers have something new in their outbox. Goes on when Redis returns. */
export async function listenToBell(
  rim: RedisRim,
  server: string,
  onRing: (workers: ReadonlySet<string>) => void,
  signal: AbortSignal,
): Promise<void> {
  const redis = rim.blocking();
  const key = rim.keys.bell(server);
  const stop = () => redis.disconnect();
  signal.addEventListener('abort', stop, {once: true});
  // A server's bell is its own, so everything in it is for this process.
  let last = '0';
  while (!signal.aborted) {
    try {
      last = await waitForBell(redis, {key, last, onRing});
    } catch {
      // After Redis rolled back the stream may end before `last`.
      last = '0';
      if (!signal.aborted) await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
  signal.removeEventListener('abort', stop);
  redis.disconnect();
}

interface Bell {
  readonly key: string;
  readonly last: string;
  readonly onRing: (workers: ReadonlySet<string>) => void;
}

async function waitForBell(redis: ReturnType<RedisRim['blocking']>, {key, last, onRing}: Bell): Promise<string> {
  const rows = await redis.xread('COUNT', 1_000, 'BLOCK', 5_000, 'STREAMS', key, last);
  const entries = rows?.[0]?.[1] ?? [];
  if (entries.length === 0) return last;
  onRing(new Set(entries.map(([, fields]) => fields[1] ?? '')));
  return entries.at(-1)![0];
}
