import {Redis, type RedisOptions} from 'ioredis';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {type RedisClock} from './clock.ts';
import {type Commit, createCommit} from './redis-commit.ts';
import {type Keys, createKeys} from './redis-keys.ts';
import {createScript} from './redis-script.ts';

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
  /** Calls back when Redis answers again after having been away, and says whether it is another process or data (R3). */
  onReturn(listener: (change: {isNewRun: boolean}) => void): () => void;
  close(): Promise<void>;
}

export interface RedisTarget {
  /** `redis://`, `rediss://`, `redis+sentinel://h1:p,h2:p/name`, or `unix:///path`. */
  readonly url: string;
  readonly password?: string | undefined;
}

const commandTimeoutMs = 1_800;

export async function openRedis(target: RedisTarget, prefix: string, clock: RedisClock): Promise<RedisRim> {
  const options = optionsOf(target);
  const redis = commandConnection(options);
  const runner = {redis, translate};
  const listeners = new Set<(change: {isNewRun: boolean}) => void>();
  const watch = watchRuns(redis, clock, change => listeners.forEach(listener => listener(change)));
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
  }
  await watch.first;
  return {
    keys: createKeys(prefix),
    clock,
    options,
    commit: createCommit(runner),
    script: text => {
      const script = createScript(text);
      return (keys, args) => script(runner, keys, args);
    },
    ask: async use => use(redis).catch(error => Promise.reject(translate(error))),
    blocking: () => {
      const connection = new Redis({
        ...options,
        maxRetriesPerRequest: null,
        retryStrategy: times => Math.min(times * 100, 1_000),
        replyMapping: 'legacy',
      });
      connection.on('error', () => undefined);
      return connection;
    },
    isReady: () => redis.status === 'ready',
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

export interface Fitness {
  readonly version: string;
  readonly warnings: readonly string[];
}

/** `REDIS_UNFIT` where Redis may throw jobs away (eviction, no AOF). An old version is a warning, never a refusal (R34). */
export async function checkFitness(rim: RedisRim, isAofNeeded = true): Promise<Fitness> {
  const info = await rim.ask(
    async redis => `${await redis.info('memory')}\n${await redis.info('persistence')}\n${await redis.info('server')}`,
  );
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    throw new BoxyardError('REDIS_UNFIT', {issue: `its maxmemory-policy is ${policy}`, hint: 'CONFIG SET maxmemory-policy noeviction'});
  if (isAofNeeded && value('aof_enabled') === '0')
    throw new BoxyardError('REDIS_UNFIT', {issue: 'appendonly is off', hint: 'CONFIG SET appendonly yes'});
  const version = value('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < 6 || (major === 6 && minor < 2);
  return {version, warnings: isOld ? [`Redis ${version} is older than 6.2`] : []};
}

function optionsOf({url, password}: RedisTarget): RedisOptions {
  const secret = password === undefined ? {} : {password};
  if (url.startsWith('unix://')) return {path: url.slice('unix://'.length), ...secret};
  const sentinel = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^/]+)\/([^/?]+)$/.exec(url);
  if (sentinel) {
    const [, credentials, hosts = '', name = ''] = sentinel;
    const own = credentials === undefined || credentials === '' ? secret : {password: decodeURIComponent(credentials.replace(/^.*:/, ''))};
    return {
      name,
      sentinels: hosts.split(',').map(host => ({host: host.replace(/:\d+$/, ''), port: Number(/:(\d+)$/.exec(host)?.[1] ?? 26_379)})),
      ...own,
    };
  }
  return fromUrl(url, secret);
}

function fromUrl(url: string, secret: {password?: string}): RedisOptions {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new BoxyardError('INVALID_INPUT', {field: 'REDIS_URL', issue: 'expected redis://, rediss://, redis+sentinel:// or unix://'});
  }
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 6379),
    ...(parsed.username ? {username: decodeURIComponent(parsed.username)} : {}),
    ...(parsed.password ? {password: decodeURIComponent(parsed.password)} : {}),
    ...(parsed.pathname.length > 1 ? {db: Number(parsed.pathname.slice(1))} : {}),
    ...(parsed.protocol === 'rediss:' ? {tls: {servername: parsed.hostname}} : {}),
    ...secret,
  };
}

/** A reply that says the command is wrong is a bug of ours; everything else means Redis cannot be used now. */
function translate(error: unknown): unknown {
  if (isBoxyardError(error)) return error;
  const isReply = error instanceof Error && error.name === 'ReplyError';
  const refusesWrites =
    isReply && /^(OOM|MISCONF|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|BUSY|NOAUTH|WRONGPASS)/.test(error.message);
  if (isReply && !refusesWrites) return error;
  return new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
}
