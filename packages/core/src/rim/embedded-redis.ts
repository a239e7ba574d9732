import {type ChildProcess, spawn} from 'node:child_process';
import {accessSync, constants, rmSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {privateDir, randomBase32, readPrivate, writePrivate} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {RedisTarget} from './redis-target.ts';

export interface EmbeddedRedis {
  readonly target: RedisTarget;
  /** Ends the child after it has written everything; bounded. */
  close(): Promise<void>;
}

export interface EmbeddedRedisOptions {
  /** Where its data, socket, password and configuration lie; made 0700. */
  readonly dir: string;
  /** Directories to look in for the program: PATH. */
  readonly searchPath: string;
  readonly log: (line: string) => void;
}

const startWithinMs = 15_000;
const stopWithinMs = 10_000;

/**
 * A private Redis on a unix socket: one child, `appendfsync always`, restarted if it dies. A Redis that a killed server left
 * behind is asked to save and end first, so there is never a second writer in the directory.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const program = findProgram(options.searchPath);
  const dir = privateDir(options.dir);
  const password = readPrivate(join(dir, 'password'))?.trim() ?? makePassword(join(dir, 'password'));
  const socket = socketPath(dir);
  const configuration = join(dir, 'redis.conf');
  writePrivate(configuration, configurationText(dir, socket, password));
  await endLeftover(socket, password);

  let child: ChildProcess | undefined;
  let isClosing = false;
  const start = () => {
    child = spawn(program, [configuration], {stdio: ['ignore', 'pipe', 'pipe'], cwd: dir});
    const onData = (bytes: Buffer) => options.log(bytes.toString().trimEnd());
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.on('error', error => options.log(`redis-server: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (isClosing) return;
      options.log(`redis-server ended (${signal ?? code}); starting it again`);
      setTimeout(() => isClosing || start(), 100);
    });
  };
  start();
  try {
    await untilReady(socket, password);
  } catch (error) {
    isClosing = true;
    child?.kill('SIGKILL');
    throw error;
  }
  return {
    target: {url: `unix://${socket}`, password},
    close: async () => {
      isClosing = true;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>(resolve => child?.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await Promise.race([ended, delay(stopWithinMs, undefined, {ref: false}).then(() => child?.kill('SIGKILL'))]);
    },
  };
}

function findProgram(searchPath: string): string {
  for (const dir of [...searchPath.split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'])
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(dir || '.', name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        continue;
      }
    }
  throw new BoxyardError('REDIS_MISSING');
}

function makePassword(file: string): string {
  const password = randomBase32(160);
  writePrivate(file, `${password}\n`);
  return password;
}

/** Unix socket paths end at 107 bytes; in a deep directory the socket lies in /tmp under a name of its own, still 0700. */
function socketPath(dir: string): string {
  const inside = join(dir, 'redis.sock');
  if (Buffer.byteLength(inside) < 100) return inside;
  const file = join(dir, 'socket-dir');
  const known = readPrivate(file)?.trim();
  const outside = known ?? `/tmp/boxyard-redis-${randomBase32(60)}`;
  if (known === undefined) writePrivate(file, `${outside}\n`);
  return join(privateDir(outside), 'redis.sock');
}

/** In a file of 0600 rather than in argv, where everybody on the machine could read the password. */
const configurationText = (dir: string, socket: string, password: string): string =>
  [
    'port 0',
    `unixsocket ${JSON.stringify(socket)}`,
    'unixsocketperm 700',
    `requirepass ${password}`,
    `dir ${JSON.stringify(dir)}`,
    'appendonly yes',
    'appendfsync always',
    'aof-load-truncated yes',
    'maxmemory-policy noeviction',
    'save ""',
    'daemonize no',
    'loglevel warning',
    'shutdown-timeout 5',
    '',
  ].join('\n');

function connect(socket: string, password: string): Redis {
  const redis = new Redis({
    path: socket,
    password,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
  });
  redis.on('error', () => undefined);
  return redis;
}

async function endLeftover(socket: string, password: string): Promise<void> {
  const redis = connect(socket, password);
  try {
    await redis.connect();
    const pid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1]);
    await redis.call('SHUTDOWN', 'SAVE').catch(() => undefined);
    await untilGone(pid);
  } catch {
    rmSync(socket, {force: true});
  } finally {
    redis.disconnect();
  }
}

async function untilGone(pid: number): Promise<void> {
  const end = performance.now() + stopWithinMs;
  while (performance.now() < end) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(20);
  }
}

async function untilReady(socket: string, password: string): Promise<void> {
  const end = performance.now() + startWithinMs;
  for (;;) {
    const redis = connect(socket, password);
    try {
      await redis.connect();
      await redis.ping();
      return;
    } catch (error) {
      if (performance.now() > end) throw new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
    } finally {
      redis.disconnect();
    }
    await delay(20);
  }
}
