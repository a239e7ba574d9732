import {type ChildProcess, spawn} from 'node:child_process';
import {accessSync, constants, rmSync} from 'node:fs';
import {connect as dial} from 'node:net';
import {delimiter, join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Redis} from 'ioredis';
import {privateDir, randomBase32, readPrivate, writePrivate} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {RedisTarget} from './redis-target.ts';

export interface EmbeddedRedis {
  readonly target: RedisTarget;
  /** Resolves when it answers; `REDIS_UNAVAILABLE`. It has ended where this rejects. */
  readonly ready: Promise<void>;
  /** Ends the child after it has written everything; bounded. */
  close(): Promise<void>;
}

export interface EmbeddedRedisOptions {
  /** Where its data, socket, password and configuration lie; made 0700. */
  readonly dir: string;
  /** Directories to look in for the program: PATH. */
  readonly searchPath: string;
  readonly log: {info(fields: object, message: string): void};
}

const startWithinMs = 15_000;
const stopWithinMs = 10_000;
const againMs = 5;

const firstWaitMs = 100;
const mostWaitMs = 5_000;
/** One that lived this long was well; its next death starts the waits anew. */
const healthyMs = 3_000;

/**
 * A private Redis on a unix socket: one child, `appendfsync always`, restarted if it dies. A Redis that a killed server left
 * behind is asked to save and end first, so there is never a second writer in the directory. Resolves as soon as the child runs.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const program = findProgram(options.searchPath);
  const dir = privateDir(options.dir);
  const password = readPrivate(join(dir, 'password'))?.trim() ?? makePassword(join(dir, 'password'));
  const socket = socketPath(dir);
  const configuration = join(dir, 'redis.conf');
  writePrivate(configuration, configurationText(dir, socket, password));
  await endLeftover(socket, password);

  const log = (line: string) => options.log.info({}, line);
  let child: ChildProcess | undefined;
  let isClosing = false;
  let again: NodeJS.Timeout | undefined;
  let waitMs = firstWaitMs;
  const start = () => {
    const startedAt = performance.now();
    child = spawn(program, [configuration], {stdio: ['ignore', 'pipe', 'pipe'], cwd: dir});
    const onData = (bytes: Buffer) => log(bytes.toString().trimEnd());
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.on('error', error => log(`redis-server: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (isClosing) return;
      // One that cannot live, as on a full disk, would else fill the log as well.
      if (performance.now() - startedAt > healthyMs) waitMs = firstWaitMs;
      log(`redis-server ended (${signal ?? code}); starting it again in ${waitMs} ms`);
      again = setTimeout(() => isClosing || start(), waitMs);
      waitMs = Math.min(mostWaitMs, waitMs * 2);
    });
  };
  start();
  const ready = untilReady(socket, password, () => isClosing).catch((error: unknown) => {
    isClosing = true;
    child?.kill('SIGKILL');
    throw error;
  });
  // Told to whoever awaits it.
  ready.catch(() => undefined);
  return {
    ready,
    target: {url: `unix://${socket}`, password},
    close: async () => {
      isClosing = true;
      clearTimeout(again);
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

/** Redis itself starts while its client is loaded. */
const connect = async (socket: string, password: string): Promise<Redis> =>
  (await import('./embedded-redis-client.ts')).connectTo(socket, password);

/** Whether anybody listens there; says nothing of who, or of what is known yet. */
const isAnswered = (socket: string): Promise<boolean> =>
  new Promise(resolve => {
    const probe = dial(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

async function endLeftover(socket: string, password: string): Promise<void> {
  if (!(await isAnswered(socket))) return rmSync(socket, {force: true});
  const redis = await connect(socket, password);
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

async function untilReady(socket: string, password: string, isOver: () => boolean): Promise<void> {
  const end = performance.now() + startWithinMs;
  while (!(await isAnswered(socket)) && performance.now() < end && !isOver()) await delay(againMs);
  for (;;) {
    const redis = await connect(socket, password);
    try {
      await redis.connect();
      await redis.ping();
      return;
    } catch (error) {
      if (performance.now() > end || isOver()) throw new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
    } finally {
      redis.disconnect();
    }
    await delay(20);
  }
}
