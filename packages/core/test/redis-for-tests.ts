import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {randomBase32} from '../src/config/index.ts';
import {createClock} from '../src/rim/clock.ts';
import {type RedisRim, openRedis} from '../src/rim/redis.ts';

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly dir: string;
  /** A connection with a prefix of its own; closed with the rest. */
  rim(prefix?: string): Promise<RedisRim>;
  /** kill -9, and start on the same files. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It stands still, its connections open, for so long. */
  whileStopped(work: () => Promise<void>): Promise<void>;
}

/** A private redis-server on a unix socket in a directory of its own, for one test file. */
export async function startTestRedis(more: readonly string[] = []): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'bxr-'));
  const socket = join(dir, 's');
  const url = `unix://${socket}`;
  const rims: RedisRim[] = [];
  const launch = () =>
    spawn(
      'redis-server',
      ['--port', '0', '--unixsocket', socket, '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', ...more],
      {
        stdio: 'ignore',
      },
    );
  let child = launch();
  const ready = async () => {
    const end = performance.now() + 10_000;
    for (;;) {
      try {
        const rim = await openRedis({url}, 'ready', createClock());
        await rim.close();
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await delay(20);
      }
    }
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  await ready();
  return {
    url,
    dir,
    rim: async (prefix = `t-${randomBase32(40)}`) => {
      const rim = await openRedis({url}, prefix, createClock());
      rims.push(rim);
      return rim;
    },
    kill,
    start: async () => {
      child = launch();
      await ready();
    },
    whileStopped: async work => {
      child.kill('SIGSTOP');
      try {
        await work();
      } finally {
        child.kill('SIGCONT');
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const rim of rims) await rim.close();
      await kill();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

/** Asks again until it is true; fails with the last state seen. */
export async function waitFor<T>(look: () => T | Promise<T>, {within = 10_000, every = 10} = {}): Promise<NonNullable<T>> {
  const end = performance.now() + within;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (performance.now() > end) throw new Error(`not within ${within} ms; last seen: ${JSON.stringify(seen)}`);
    await delay(every);
  }
}
