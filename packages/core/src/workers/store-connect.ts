import type {RedisRim} from '../rim/redis.ts';

/**
 * Purpose: a socket becomes the worker's one connection. KEYS: lease. ARGV: worker, server id, its url, the highest epoch the
 * agent has seen. Returns the new epoch: one above both, so that older sockets are fenced even after Redis rolled back (R3).
 */
const takeScript = `
local known = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
local seen = tonumber(ARGV[4])
local epoch = math.max(known, seen) + 1
redis.call('HSET', KEYS[1], 'worker', ARGV[1], 'server', ARGV[2], 'url', ARGV[3], 'epoch', epoch)
return epoch
`;

/** Purpose: give a lease back, unless a newer socket has it. KEYS: lease. ARGV: epoch. */
const leaveScript = `
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then redis.call('HSET', KEYS[1], 'server', '') end
return 1
`;

/**
 * Purpose: the clock of time in which a server could have heard workers (R21). KEYS: pulse. ARGV: now, most that may have
 * passed since the last tick of any server. Returns the sum and when a worker of a mass disconnect was last declared lost.
 */
const pulseScript = `
local last = tonumber(redis.call('HGET', KEYS[1], 'at') or ARGV[1])
local passed = math.max(0, tonumber(ARGV[1]) - last)
if passed > tonumber(ARGV[2]) then passed = 0 end
local heard = redis.call('HINCRBY', KEYS[1], 'heard', passed)
redis.call('HSET', KEYS[1], 'at', ARGV[1])
return {heard, tonumber(redis.call('HGET', KEYS[1], 'mass') or '0')}
`;

export interface Leases {
  take(worker: string, seenEpoch: number): Promise<number>;
  leave(worker: string, epoch: number): Promise<void>;
  /** Advances and reads the clock of being able to hear. */
  pulse(mostMs: number): Promise<{readonly heard: number; readonly lastMassLost: number}>;
  markMassLost(heard: number): Promise<void>;
  /** A new life of the event numbers, after Redis may have rolled back; the first start makes it 1. */
  raiseIncarnation(): Promise<void>;
}

export function createLeases(rim: RedisRim, server: {readonly id: string; readonly url: string}): Leases {
  const {keys, clock} = rim;
  const take = rim.script(takeScript);
  const leave = rim.script(leaveScript);
  const pulse = rim.script(pulseScript);
  return {
    take: async (worker, seen) => Number(await take([keys.lease(worker)], [worker, server.id, server.url, seen])),
    leave: async (worker, epoch) => void (await leave([keys.lease(worker)], [epoch])),
    pulse: async mostMs => {
      const [heard, lastMassLost] = (await pulse([keys.pulse], [clock.now(), mostMs])) as [number, number];
      return {heard, lastMassLost};
    },
    markMassLost: async heard => void (await rim.ask(redis => redis.hset(keys.pulse, 'mass', heard))),
    raiseIncarnation: async () => void (await rim.ask(redis => redis.incr(keys.incarnation))),
  };
}
