import {Redis, type RedisOptions} from 'ioredis';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {type RedisClock} from './clock.ts';
import {type Commit, createCommit} from './redis-commit.ts';
import {type Keys, createKeys} from './redis-keys.ts';
import {type Fitness, fitnessOf, openingError} from './redis-fitness.ts';
import {createHangGuard} from './redis-hang.ts';
import {createScript} from './redis-script.ts';
import {type RedisTarget, optionsOf} from './redis-target.ts';
import {type RedisTrouble, watchTrouble} from './redis-trouble.ts';

/** The server's Redis. Every rejection is a BoxyardError; while Redis is away that is `REDIS_UNAVAILABLE`, within 2 s. */
export interface RedisRim {
  readonly keys: Keys;
  readonly clock: RedisClock;
  /** One transition in one Lua call. */
  readonly commit: Commit;
  /** Another script of ours, from a `.lua.ts` file. */
  script(text: string): (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;
  /** A few plain commands that need not be one step. */
  ask<T>(use: (redis: Redis) => Promise<T>): Promise<T>;
  /** A connection of its own for blocking reads; the caller disconnects it. */
  blocking(): Redis;
  /** Options for BullMQ, which makes its own connections. */
  readonly options: RedisOptions;
  isReady(): boolean;
  /** Asked anew each time, answered within a second; undefined where it is well. */
  trouble(): Promise<RedisTrouble | undefined>;
  /** Calls back when Redis answers again after having been away, and says whether it is another process or data (R3). */
  onReturn(listener: (change: {isNewRun: boolean}) => void): () => void;
  close(): Promise<void>;
}

const commandTimeoutMs = 1_800;

const networkCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
];

/** Nobody answers, or nobody yet: another try may find it. One that answers with a refusal, or with a wrong certificate, is there. */
export const isAway = (error: unknown): boolean => {
  const {name, code} = ((error as {cause?: unknown}).cause ?? {}) as {name?: string; code?: string};
  return name !== 'ReplyError' && (code === undefined || networkCodes.includes(code));
};

export async function openRedis(target: RedisTarget, prefix: string, clock: RedisClock): Promise<RedisRim> {
  const options = optionsOf(target);
  const redis = commandConnection(options);
  let why: unknown;
  const onError = (error: unknown) => (why = error);
  redis.on('error', onError);
  const runner = {redis, translate};
  const listeners = new Set<(change: {isNewRun: boolean}) => void>();
  const watch = watchRuns(redis, clock, change => listeners.forEach(listener => listener(change)));
  try {
    await opened(redis);
  } catch (error) {
    redis.disconnect();
    throw openingError(why ?? error);
  } finally {
    redis.off('error', onError);
  }
  await watch.first;
  const guarded = createHangGuard(redis);
  const commit = createCommit(runner);
  return {
    keys: createKeys(prefix),
    clock,
    options,
    commit: build => guarded(() => commit(build)),
    script: text => {
      const script = createScript(text);
      return (keys, args) => guarded(() => script(runner, keys, args));
    },
    ask: use => guarded(() => use(redis).catch(error => Promise.reject(translate(error)))),
    blocking: () => blockingConnection(options),
    isReady: () => redis.status === 'ready',
    trouble: watchTrouble(redis),
    onReturn: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      watch.stop();
      redis.disconnect();
    },
  };
}

function blockingConnection(options: RedisOptions): Redis {
  const connection = new Redis({
    ...options,
    maxRetriesPerRequest: null,
    retryStrategy: times => Math.min(times * 100, 1_000),
    replyMapping: 'legacy',
  });
  connection.on('error', () => undefined);
  return connection;
}

const openWithinMs = 10_000;

/** Where sentinels are asked, the library goes on asking for ever. */
async function opened(redis: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('it does not answer in time'), {code: 'ETIMEDOUT'})), openWithinMs);
  });
  try {
    await Promise.race([redis.connect(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails at once while Redis is away: a submission is better refused than kept waiting. */
function commandConnection(options: RedisOptions): Redis {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    enableAutoPipelining: true,
    replyMapping: 'legacy',
  });
  redis.on('error', () => undefined);
  return redis;
}

/** Reads Redis's time and run id on every connection and once a minute; the first reading is no return. */
function watchRuns(redis: Redis, clock: RedisClock, onReturn: (change: {isNewRun: boolean}) => void) {
  let run: string | undefined;
  const read = async () => {
    const began = clock.monotonic();
    const [[seconds, micros], info] = await Promise.all([redis.time(), redis.info('server')]);
    clock.set(Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000), clock.monotonic() - began);
    return /^run_id:(\w+)/m.exec(info)?.[1];
  };
  let settle: (() => void) | undefined;
  const first = new Promise<void>(resolve => (settle = resolve));
  redis.on('ready', () => {
    void read()
      .then(found => {
        const isFirst = run === undefined;
        const isNewRun = run !== found;
        run = found;
        if (!isFirst) onReturn({isNewRun});
        settle?.();
      })
      .catch(() => settle?.());
  });
  const timer = setInterval(() => void read().catch(() => undefined), 60_000);
  timer.unref();
  return {first, stop: () => clearInterval(timer)};
}

/** `REDIS_UNFIT` where Redis may throw jobs away (eviction, no AOF). */
export const checkFitness = async (rim: RedisRim): Promise<Fitness> =>
  fitnessOf(
    await rim.ask(async redis => `${await redis.info('memory')}\n${await redis.info('persistence')}\n${await redis.info('server')}`),
  );

/** A reply that says the command is wrong is a bug of ours; everything else means Redis cannot be used now. */
function translate(error: unknown): unknown {
  if (isBoxyardError(error)) return error;
  const isReply = error instanceof Error && error.name === 'ReplyError';
  const refusesWrites =
    isReply && /^(OOM|MISCONF|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|BUSY|NOAUTH|WRONGPASS)/.test(error.message);
  if (isReply && !refusesWrites) return error;
  return new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
}
