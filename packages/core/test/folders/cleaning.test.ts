import {existsSync, mkdtempSync, readdirSync, rmSync, utimesSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openBlobs} from '../../src/blobs/blobs.ts';
import {dropRunFolders, sweepObjects} from '../../src/folders/cleaning.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';
import {at, indexOf, packOf, pathsIn, put, sendPack, startedAfter, team} from './folders-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('what is private is kept as long as the role says, also where the server was away meanwhile', async () => {
  const rim = await redis.rim();
  const dir = mkdtempSync(join(tmpdir(), 'bxf-'));
  const core = await startTestCore({rim, dir});
  const agent = await core.agent();
  await core.core.services.clusters.apply(core.caller, team({keepPrivate: '1h'}), false);
  const run = await core.core.services.clusters.run(core.caller, at, {});
  const start = await startedAfter(agent, 0);
  agent.running(start);
  await indexOf(agent, start);
  await sendPack(agent, start, packOf({'private/notes': 'mine', [`shared/out/${run.id}/0/result`]: 'for all'}));
  const folder = `private/${run.id}/0`;
  const {items} = await core.core.services.folders.list(core.caller.tenant, 'team');
  const until = Date.parse(items.find(each => each.path === folder)!.until!);
  expect(until - rim.clock.now()).toBeGreaterThan(3_500_000);
  await core.core.sweep();
  expect(await pathsIn(core)).toEqual([`${folder}/notes`, `shared/out/${run.id}/0/result`].toSorted());
  await core.close();
  const [row] = (await rim.ask(redis => redis.zrange(rim.keys.due, '0', '-1'))).filter(each => each.startsWith('k:'));
  await rim.ask(redis => redis.zadd(rim.keys.due, 1, row!));
  await using again = await startTestCore({rim, dir, tenant: core.caller.tenant});
  await again.core.sweep();
  await waitFor(async () => (await pathsIn(again)).length === 1);
  expect(await rim.ask(redis => redis.zscore(rim.keys.due, row!))).toBeNull();
  await dropRunFolders({rim, blobs: openBlobs({dir})}, run.id);
  expect(await pathsIn(again)).toEqual([]);
  expect(await rim.ask(redis => redis.hget(rim.keys.foldersUsed(core.caller.tenant), 'memory'))).toBe('0');
  rmSync(dir, {recursive: true, force: true});
});

test('bytes that nothing names go after a day, and no other', async () => {
  const rim = await redis.rim();
  const dir = mkdtempSync(join(tmpdir(), 'bxf-'));
  await using core = await startTestCore({rim, dir});
  const {cluster} = await core.core.services.clusters.apply(core.caller, team(), false);
  await put(core, {a: 'kept'});
  await put(core, {b: 'dropped'});
  await core.core.services.folders.remove(core.caller, 'team', 'shared/plans/b');
  const root = join(dir, 'folders', core.caller.tenant, cluster!.id);
  const all = () => readdirSync(root, {recursive: true, withFileTypes: true}).filter(each => each.isFile());
  const blobs = openBlobs({dir});
  await sweepObjects({rim, blobs});
  const before = all().length;
  for (const each of all()) utimesSync(join(each.parentPath, each.name), 1, 1);
  await sweepObjects({rim, blobs});
  expect([before, all().length]).toEqual([4, 2]);
  expect(await pathsIn(core)).toEqual(['shared/plans/a']);
  rmSync(dir, {recursive: true, force: true});
});

test('folders go with their cluster, a while behind it, and nothing is written to one that is gone', async () => {
  const rim = await redis.rim();
  const dir = mkdtempSync(join(tmpdir(), 'bxf-'));
  await using core = await startTestCore({rim, dir});
  const agent = await core.agent();
  const {cluster} = await core.core.services.clusters.apply(core.caller, team(), false);
  await put(core, {a: '1'});
  await core.core.services.clusters.run(core.caller, at, {});
  const start = await startedAfter(agent, 0);
  agent.running(start);
  await indexOf(agent, start);
  await core.core.services.clusters.remove(core.caller, 'team');
  const root = join(dir, 'folders', core.caller.tenant, cluster!.id);
  expect(existsSync(root)).toBe(true);
  await sendPack(agent, start, packOf({'shared/plans/late': 'x'}));
  await rim.ask(redis => redis.zadd(rim.keys.due, 1, `k:${cluster!.id}:*`));
  await core.core.sweep();
  await waitFor(() => !existsSync(root));
  const left = await rim.ask(redis => redis.keys(`*folder*${cluster!.id}*`));
  expect(left).toEqual([]);
  rmSync(dir, {recursive: true, force: true});
});
