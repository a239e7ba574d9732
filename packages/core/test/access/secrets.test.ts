import {join} from 'node:path';
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {expect, test} from 'vitest';
import {openInstallation} from '../../src/access/installation.ts';
import {createSecrets} from '../../src/access/secrets.ts';
import {newId} from '../../src/config/index.ts';
import {codeOf} from '../door-for-tests.ts';
import {startTestRedis} from '../redis-for-tests.ts';

async function vault() {
  const dir = mkdtempSync(join(tmpdir(), 'bxs-'));
  const redis = await startTestRedis();
  const rim = await redis.rim();
  const door = {ask: rim.ask, prefix: 'test'};
  const installation = openInstallation(dir);
  const tenant = installation.tenants[0]!.id;
  const secrets = createSecrets(door, installation, Date.now);
  const by = {tenant, actor: 'token:anna', access: 'owner' as const};
  const dump = () =>
    rim.ask(async client => (await Promise.all((await client.keys('*')).map(key => client.dumpBuffer(key)))).map(String).join());
  const close = async () => {
    await redis[Symbol.asyncDispose]();
    rmSync(dir, {recursive: true, force: true});
  };
  return {dir, rim, door, installation, tenant, secrets, by, dump, [Symbol.asyncDispose]: close};
}

test('a value is written once, used by its job, and in Redis only encrypted', async () => {
  await using at = await vault();
  const job = newId('j');
  await at.secrets.set(at.by, 'git:github.com', 'canary-one');
  await at.secrets.setForJob(at.tenant, job, {TOKEN: 'canary-two'});
  expect(await at.secrets.values(at.tenant, job, ['git:github.com', 'TOKEN', 'nothing'])).toEqual({
    'git:github.com': 'canary-one',
    TOKEN: 'canary-two',
  });
  expect(await at.dump()).not.toMatch(/canary/);
  expect(JSON.stringify(await at.secrets.list(at.tenant))).not.toMatch(/canary/);
});

test('a job’s own values end with it, and no other job sees them', async () => {
  await using at = await vault();
  const [one, two] = [newId('j'), newId('j')];
  await at.secrets.setForJob(at.tenant, one, {TOKEN: 'x'});
  expect(await at.secrets.values(at.tenant, two, ['TOKEN'])).toEqual({});
  await at.secrets.forgetJob(at.tenant, one);
  expect(await at.secrets.values(at.tenant, one, ['TOKEN'])).toEqual({});
});

test('another tenant finds nothing under the same name, and a value moved to its place does not open', async () => {
  await using at = await vault();
  const other = newId('t');
  await at.secrets.set(at.by, 'npm', 'canary');
  expect(await at.secrets.values(other, newId('j'), ['npm'])).toEqual({});
  await at.rim.ask(async redis => redis.copy(`{test}:access:secrets:${at.tenant}`, `{test}:access:secrets:${other}`));
  expect(await codeOf(at.secrets.values(other, newId('j'), ['npm']))).toBe('CONFIG_INVALID');
});

test('the key is a file of its owner alone, or the one given, and another key opens nothing', async () => {
  await using at = await vault();
  expect(statSync(join(at.dir, 'secret-key')).mode & 0o777).toBe(0o600);
  await at.secrets.set(at.by, 'npm', 'v');
  const again = createSecrets(at.door, openInstallation(at.dir, readFileSync(join(at.dir, 'secret-key'), 'utf8').trim()), Date.now);
  expect(await again.values(at.tenant, newId('j'), ['npm'])).toEqual({npm: 'v'});
  const wrong = createSecrets(at.door, openInstallation(at.dir, 'ab'.repeat(32)), Date.now);
  expect(await codeOf(wrong.values(at.tenant, newId('j'), ['npm']))).toBe('CONFIG_INVALID');
  expect(() => openInstallation(at.dir, 'short')).toThrow(/32 bytes/);
});

test('removing a secret twice says that there is none', async () => {
  await using at = await vault();
  await at.secrets.set(at.by, 'npm', 'v');
  await at.secrets.remove(at.by, 'npm');
  expect(await codeOf(at.secrets.remove(at.by, 'npm'))).toBe('NOT_FOUND');
});
