import {newId} from '../config/index.ts';
import type {RedisRim} from '../rim/redis.ts';

/** How far the events of each tenant were copied to the audit file. */
export interface AuditStore {
  /** Those that have events. */
  tenants(): Promise<readonly string[]>;
  /** Stream id of the last one copied; `0-0` at first, and where Redis was lost. */
  copiedTo(tenant: string): Promise<string>;
  setCopiedTo(tenant: string, id: string): Promise<void>;
  /** Does the work unless another process is at it. */
  alone(work: () => Promise<void>): Promise<void>;
}

/** A process that died at it holds others up for so long. */
const lockMs = 60_000;

/** Purpose: give back a lock that is still ours. KEYS: lock. ARGV: owner. */
const unlockScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

export function createAuditStore(rim: RedisRim): AuditStore {
  const {keys} = rim;
  const unlock = rim.script(unlockScript);
  return {
    tenants: () => rim.ask(redis => redis.smembers(keys.tenants)),
    copiedTo: async tenant => (await rim.ask(redis => redis.hget(keys.audited, tenant))) ?? '0-0',
    setCopiedTo: async (tenant, id) => void (await rim.ask(redis => redis.hset(keys.audited, tenant, id))),
    alone: async work => {
      const own = newId('e');
      if ((await rim.ask(redis => redis.set(keys.auditing, own, 'PX', lockMs, 'NX'))) === null) return;
      try {
        await work();
      } finally {
        await unlock([keys.auditing], [own]);
      }
    },
  };
}
