import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {expect} from 'vitest';
import type {CanarySearch} from './canary-search.ts';
import {waitFor} from './up.ts';

/** The embedded Redis of a Boxyard, read with the password that its owner has. */
const redisSocket = (root: string) =>
  /unixsocket (\S+)/.exec(readFileSync(join(root, 'data/boxyard/server/redis/redis.conf'), 'utf8'))![1]!.replaceAll('"', '');
export const redisPassword = (root: string) => readFileSync(join(root, 'data/boxyard/server/redis/password'), 'utf8').trim();

/** Every key and what it holds. */
export async function lookAtRedis(root: string, search: CanarySearch): Promise<void> {
  const redis = new Redis({path: redisSocket(root), password: redisPassword(root)});
  try {
    const read: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
      string: key => redis.get(key),
      hash: key => redis.hgetall(key),
      list: key => redis.lrange(key, 0, -1),
      set: key => redis.smembers(key),
      zset: key => redis.zrange(key, '0', '-1'),
      stream: key => redis.xrange(key, '-', '+'),
    };
    const keys = await redis.keys('*');
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      search.look('Redis: a key', key);
      search.look('Redis: a value', JSON.stringify(await read[await redis.type(key)]?.(key)));
    }
  } finally {
    redis.disconnect();
  }
}

/** Every command Redis is given, also by what comes after a kill. */
export async function monitor(root: string, search: CanarySearch): Promise<() => Promise<void>> {
  let isOver = false;
  let heard = 0;
  let child: ReturnType<typeof spawn> | undefined;
  const begin = () => {
    child = spawn('redis-cli', ['-s', redisSocket(root), 'MONITOR'], {
      env: {...process.env, REDISCLI_AUTH: redisPassword(root)},
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let held = '';
    child.stdout!.on('data', (bytes: Buffer) => {
      heard += bytes.length;
      const lines = (held + bytes.toString('latin1')).split('\n');
      held = lines.pop()!;
      search.look('Redis: a command', lines.filter(line => !/"auth"/i.test(line)).join('\n'));
    });
    child.once('exit', () => void (isOver || setTimeout(begin, 200)));
  };
  begin();
  await waitFor(() => heard > 0, {within: 20_000, what: 'Redis is heard'});
  return async () => {
    isOver = true;
    child?.kill();
    expect(heard).toBeGreaterThan(10_000);
  };
}
