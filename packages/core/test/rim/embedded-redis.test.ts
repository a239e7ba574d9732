import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {createClock} from '../../src/rim/clock.ts';
import {startEmbeddedRedis} from '../../src/rim/embedded-redis.ts';
import {startServer} from '../../src/server.ts';
import {checkFitness, isAway, openRedis} from '../../src/rim/redis.ts';
import {startTestRedis, waitFor} from '../redis-for-tests.ts';

const dirs: string[] = [];
const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'bxe-'));
  dirs.push(dir);
  return dir;
};
afterAll(() => dirs.forEach(dir => rmSync(dir, {recursive: true, force: true})));
const start = async (dir: string) => {
  const embedded = await startEmbeddedRedis({dir, searchPath: '/usr/bin', log: {info: () => undefined}});
  await embedded.ready;
  return embedded;
};

test('the embedded Redis keeps every write, needs its password and says nothing of it in its arguments', async () => {
  const dir = newDir();
  const first = await start(dir);
  const rim = await openRedis(first.target, 'x', createClock());
  expect((await checkFitness(rim)).warnings).toEqual([]);
  await rim.ask(redis => redis.set('{x}:a', 'kept'));
  await rim.close();
  const refusal = await openRedis({url: first.target.url}, 'x', createClock()).catch((error: unknown) => error);
  expect([refusal, isAway(refusal)]).toEqual([expect.objectContaining({code: 'REDIS_UNFIT'}), false]);
  expect(statSync(join(dir, 'password')).mode & 0o077).toBe(0);
  await first.close();
  const second = await start(dir);
  const again = await openRedis(second.target, 'x', createClock());
  expect(await again.ask(redis => redis.get('{x}:a'))).toBe('kept');
  await again.close();
  await second.close();
});

test('it comes back when it dies, and the server hears that it is another run', async () => {
  const embedded = await start(newDir());
  const rim = await openRedis(embedded.target, 'x', createClock());
  const returns: boolean[] = [];
  rim.onReturn(({isNewRun}) => returns.push(isNewRun));
  const info = await rim.ask(redis => redis.info('server'));
  process.kill(Number(/^process_id:(\d+)/m.exec(info)?.[1]), 'SIGKILL');
  await waitFor(() => returns.length > 0);
  expect(returns).toEqual([true]);
  await waitFor(() => rim.ask(redis => redis.ping()).catch(() => undefined));
  await rim.close();
  await embedded.close();
});

test('one that cannot live, as on a full disk, is started again less and less often', async () => {
  const dir = newDir();
  const program = join(dir, 'redis-server');
  writeFileSync(program, '#!/bin/sh\nexit 1\n', {mode: 0o755});
  const ends: number[] = [];
  const info = (_: object, line: string) => void (line.includes('ended') && ends.push(performance.now()));
  const embedded = await startEmbeddedRedis({dir: newDir(), searchPath: dir, log: {info}});
  embedded.ready.catch(() => undefined);
  await waitFor(() => ends.length >= 4);
  await embedded.close();
  expect(ends[3]! - ends[0]!).toBeGreaterThan(650);
});

test('a Redis that a killed server left behind is ended first, with nothing lost', async () => {
  const dir = newDir();
  const script = `
    const {startEmbeddedRedis} = await import(${JSON.stringify(new URL('../../src/rim/embedded-redis.ts', import.meta.url).href)});
    const {target, ready} = await startEmbeddedRedis({dir: ${JSON.stringify(dir)}, searchPath: '/usr/bin', log: {info: () => undefined}});
    await ready;
    console.log('ready ' + target.url);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
  await new Promise<void>(resolve => child.stdout.on('data', () => resolve()));
  const password = readFileSync(join(dir, 'password'), 'utf8').trim();
  const left = await openRedis({url: `unix://${join(dir, 'redis.sock')}`, password}, 'x', createClock());
  await left.ask(redis => redis.set('{x}:a', 'kept'));
  const before = /^process_id:(\d+)/m.exec(await left.ask(redis => redis.info('server')))?.[1];
  child.kill('SIGKILL');
  const next = await start(dir);
  const rim = await openRedis(next.target, 'x', createClock());
  expect(await rim.ask(redis => redis.get('{x}:a'))).toBe('kept');
  expect(() => process.kill(Number(before), 0)).toThrow();
  await left.close();
  await rim.close();
  await next.close();
});

test.each([
  ['evicts', ['--maxmemory-policy', 'allkeys-lru'], 'maxmemory-policy'],
  ['keeps no log', ['--appendonly', 'no'], 'appendonly'],
])('a Redis that %s is refused', async (_name, more, issue) => {
  await using redis = await startTestRedis(more);
  const rim = await redis.rim();
  await expect(checkFitness(rim)).rejects.toMatchObject({code: 'REDIS_UNFIT', message: expect.stringContaining(issue) as string});
});

test('one that was started ahead of its server ends with a server that cannot start', async () => {
  const dataDir = newDir();
  const log = {info: () => undefined, warn: () => undefined, error: () => undefined};
  const redis = await startEmbeddedRedis({dir: join(dataDir, 'redis'), searchPath: '/usr/bin', log});
  const refused = startServer({
    redis,
    dataDir,
    log,
    blobDir: join(dataDir, 'blobs'),
    redisDir: join(dataDir, 'redis'),
    searchPath: '',
    listen: [{host: '0.0.0.0', port: 0}],
    isInsecureBehindProxy: true,
    localToken: join(dataDir, 'token'),
    version: '0.0.0',
  });
  await expect(refused).rejects.toMatchObject({code: 'INSECURE_LISTEN'});
  await expect(openRedis(redis.target, 'x', createClock())).rejects.toMatchObject({code: 'REDIS_UNAVAILABLE'});
});
