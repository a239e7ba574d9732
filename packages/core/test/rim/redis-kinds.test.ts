import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {makeCertificate} from '../../src/rim/certificate.ts';
import {createClock} from '../../src/rim/clock.ts';
import {fitnessOf} from '../../src/rim/redis-fitness.ts';
import {optionsOf} from '../../src/rim/redis-target.ts';
import {openRedis} from '../../src/rim/redis.ts';
import {codeOf} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

const dir = mkdtempSync(join(tmpdir(), 'bxk-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, {recursive: true, force: true});
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** A redis-server of its own folder, with that configuration. */
async function redisWith(lines: readonly string[], isSentinel = false): Promise<ChildProcess> {
  const own = mkdtempSync(join(dir, 'r-'));
  const file = join(own, 'redis.conf');
  writeFileSync(file, `${[`dir ${own}`, 'bind 127.0.0.1', ...(isSentinel ? [] : ['appendonly yes', 'save ""']), ...lines].join('\n')}\n`);
  const child = spawn('redis-server', [file, ...(isSentinel ? ['--sentinel'] : [])], {stdio: 'ignore'});
  children.add(child);
  return child;
}

const open = (url: string) => openRedis({url}, 'kinds', createClock());
const openSoon = (url: string) =>
  waitFor(
    () =>
      open(url).catch((error: unknown) => {
        if ((error as {code: string}).code !== 'REDIS_UNAVAILABLE') throw error;
        return undefined;
      }),
    {every: 50},
  );

test('a password, and a user of its own, open a Redis; a wrong one is said to be wrong', async () => {
  const port = await freePort();
  await redisWith([`port ${port}`, 'requirepass p@ss:w/rd', 'user anna on >sec#ret ~* &* +@all']);
  const rim = await openSoon(`redis://:${encodeURIComponent('p@ss:w/rd')}@127.0.0.1:${port}`);
  expect(await rim.ask(redis => redis.ping())).toBe('PONG');
  await rim.close();
  const anna = await open(`redis://anna:${encodeURIComponent('sec#ret')}@127.0.0.1:${port}/3`);
  expect(await anna.ask(redis => redis.client('INFO'))).toMatch(/db=3 .*user=anna/);
  await anna.close();
  for (const wrong of [`redis://127.0.0.1:${port}`, `redis://:nope@127.0.0.1:${port}`, `redis://bob:nope@127.0.0.1:${port}`]) {
    const refusal = await open(wrong).catch((error: unknown) => error);
    expect(refusal).toMatchObject({code: 'REDIS_UNFIT', message: expect.stringContaining('password') as string});
    expect(JSON.stringify(refusal)).not.toContain('nope');
  }
});

test('over TLS a Redis is used once its authority is trusted, and a stranger’s is not', async () => {
  const port = await freePort();
  const {cert, key} = makeCertificate(new Date());
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  await redisWith([
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${certFile}`,
    `tls-key-file ${keyFile}`,
    'tls-auth-clients no',
    'requirepass secret',
  ]);
  const url = (host: string) => `rediss://:secret@${host}:${port}`;
  await waitFor(async () => (await codeOf(open(url('localhost')))) === 'REDIS_UNFIT', {every: 50});
  await expect(open(url('localhost'))).rejects.toMatchObject({message: expect.stringContaining('TLS') as string});
  const script = `
    const {openRedis} = await import(${JSON.stringify(new URL('../../src/rim/redis.ts', import.meta.url).href)});
    const {createClock} = await import(${JSON.stringify(new URL('../../src/rim/clock.ts', import.meta.url).href)});
    for (const url of ${JSON.stringify([url('localhost'), url('127.0.0.1')])}) {
      const rim = await openRedis({url}, 'kinds', createClock());
      console.log(await rim.ask(redis => redis.ping()));
      await rim.close();
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: {...process.env, NODE_EXTRA_CA_CERTS: certFile},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (part: Buffer) => (said += String(part)));
  child.stderr.on('data', (part: Buffer) => (said += String(part)));
  await new Promise(resolve => child.once('close', resolve));
  expect(said).toBe('PONG\nPONG\n');
});

test('behind sentinels the master is found, and found again after it was killed', {timeout: 60_000}, async () => {
  const [first, second, watch] = [await freePort(), await freePort(), await freePort()];
  const auth = ['requirepass secret', 'masterauth secret'];
  const master = await redisWith([`port ${first}`, ...auth]);
  const plain = (port: number) => openSoon(`redis://:secret@127.0.0.1:${port}`);
  await (await plain(first)).close();
  await redisWith([`port ${second}`, ...auth, `replicaof 127.0.0.1 ${first}`]);
  const replica = await plain(second);
  await waitFor(async () => (await replica.ask(redis => redis.info('replication'))).includes('master_link_status:up'), {every: 50});
  await replica.close();
  await redisWith(
    [
      `port ${watch}`,
      'requirepass guard',
      `sentinel monitor boxes 127.0.0.1 ${first} 1`,
      'sentinel auth-pass boxes secret',
      'sentinel down-after-milliseconds boxes 500',
      'sentinel failover-timeout boxes 3000',
    ],
    true,
  );
  const rim = await openSoon(`redis+sentinel://:secret@127.0.0.1:${watch}/boxes?sentinelPassword=guard`);
  const returns: boolean[] = [];
  rim.onReturn(({isNewRun}) => returns.push(isNewRun));
  await rim.ask(redis => redis.set('{kinds}:a', 'kept'));
  const sentinel = await openSoon(`redis://:guard@127.0.0.1:${watch}`);
  await waitFor(
    async () => JSON.stringify(await sentinel.ask(redis => redis.call('SENTINEL', 'replicas', 'boxes'))).includes(String(second)),
    {
      within: 20_000,
      every: 100,
    },
  );
  await sentinel.close();
  await waitFor(async () => (await rim.ask(redis => redis.info('replication'))).includes('state=online'));
  // A replica that is there may still lack the newest write.
  await waitFor(async () => (await rim.ask(redis => redis.wait(1, 500))) >= 1, {within: 20_000});
  master.kill('SIGKILL');
  const port = () =>
    rim
      .ask(redis => redis.info('server'))
      .then(
        info => Number(/^tcp_port:(\d+)/m.exec(info)?.[1]),
        () => 0,
      );
  await waitFor(async () => (await port()) === second, {within: 30_000, every: 100});
  expect(await rim.ask(redis => redis.get('{kinds}:a'))).toBe('kept');
  await waitFor(() => rim.ask(redis => redis.set('{kinds}:b', 'written')).catch(() => undefined), {within: 20_000, every: 100});
  expect(returns).toContain(true);
  await rim.close();
});

test('sentinels that do not answer are not waited for for ever', async () => {
  const began = performance.now();
  expect(await codeOf(open(`redis+sentinel://127.0.0.1:${await freePort()}/boxes`))).toBe('REDIS_UNAVAILABLE');
  expect(performance.now() - began).toBeLessThan(25_000);
});

test('addresses are read as written, and one that is none is refused without repeating it', async () => {
  expect(optionsOf({url: 'redis+sentinel://anna:p%40ss@a:1,[::1]:2,c/main?sentinelPassword=x'})).toEqual({
    name: 'main',
    sentinels: [
      {host: 'a', port: 1},
      {host: '::1', port: 2},
      {host: 'c', port: 26_379},
    ],
    username: 'anna',
    password: 'p@ss',
    sentinelPassword: 'x',
  });
  expect(optionsOf({url: 'rediss://redis.example:7000/2'})).toMatchObject({
    host: 'redis.example',
    port: 7000,
    db: 2,
    tls: {servername: 'redis.example'},
  });
  expect(optionsOf({url: 'redis://[::1]'})).toMatchObject({host: '::1', port: 6379});
  expect(optionsOf({url: 'rediss+sentinel://a/main'})).toMatchObject({enableTLSForSentinelMode: true});
  for (const url of ['http://:hunter2@x', 'redis:hunter2', 'hunter2', 'redis://x/hunter2', 'redis+sentinel://hunter2'])
    await expect(Promise.resolve().then(() => optionsOf({url}))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.not.stringContaining('hunter2') as string,
    });
});

test('an old version is used with a warning, and one of the versions we know without', () => {
  const info = (version: string) => `maxmemory_policy:noeviction\r\naof_enabled:1\r\nredis_version:${version}\r\n`;
  expect(fitnessOf(info('6.0.16'))).toEqual({version: '6.0.16', warnings: [expect.stringContaining('6.0.16') as string]});
  for (const version of ['6.2.0', '7.0.15', '8.2.2']) expect(fitnessOf(info(version)).warnings).toEqual([]);
});
