import type {RedisRim} from '../rim/redis.ts';

/** Which servers live: a key each, renewed with every sweep and gone soon after its server. */
export interface ServerMarks {
  mark(): Promise<void>;
  clear(): Promise<void>;
  /** Whether another living server holds the worker's lease. */
  isHeldElsewhere(worker: string): Promise<boolean>;
}

export function createServerMarks(rim: RedisRim, server: string, leaseMs: number): ServerMarks {
  const {keys} = rim;
  return {
    mark: async () => {
      await rim.ask(redis => redis.set(keys.server(server), '1', 'PX', leaseMs));
      // What rings for a server that is no more goes with it.
      await rim.ask(redis => redis.pexpire(keys.bell(server), leaseMs * 10));
    },
    clear: async () => void (await rim.ask(redis => redis.del(keys.server(server), keys.bell(server)))),
    isHeldElsewhere: async worker => {
      const holder = await rim.ask(redis => redis.hget(keys.lease(worker), 'server'));
      if (holder === null || holder === '' || holder === server) return false;
      return (await rim.ask(redis => redis.exists(keys.server(holder)))) === 1;
    },
  };
}
