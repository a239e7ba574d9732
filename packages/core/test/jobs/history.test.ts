import {afterAll, beforeAll, expect, test} from 'vitest';
import {createAttemptIds} from '../../src/jobs/attempt-ids.ts';
import {dropHistory} from '../../src/jobs/store-history.ts';
import {JobStore} from '../../src/jobs/store.ts';
import {timing} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('ended jobs beyond the number or the days are forgotten, oldest first; others stay', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  await core.agent({run: () => ({result: {exit: {code: 0}}})});
  const {jobs} = core.core.services;
  const {tenant} = core.caller;
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) {
    const {id} = await jobs.run(core.caller, {command: ['a']});
    ids.push(id);
    await waitFor(async () => (await jobs.show(tenant, id)).state === 'ended');
  }
  const waiting = await jobs.run(core.caller, {command: ['a'], workerLabels: {no: 'such'}});
  const told = () => rim.ask(client => client.hkeys(rim.keys.progress(tenant)));
  for (const id of ids) await rim.ask(client => client.hset(rim.keys.progress(tenant), id, '{"done":1}'));
  const store = new JobStore({
    rim,
    timing,
    attemptIds: createAttemptIds(new Uint8Array(32)),
    nudge: () => undefined,
    onChange: () => undefined,
  });
  expect(await dropHistory(store, tenant, {before: 0, most: 3})).toEqual(ids.slice(0, 2));
  expect((await told()).toSorted()).toEqual(ids.slice(2).toSorted());
  const left = async () => (await jobs.list(tenant, {limit: 100})).items.map(job => job.id);
  expect(await left()).toEqual([waiting.id, ids[3], ids[2]]);
  expect(await dropHistory(store, tenant, {before: Date.now() + 60_000, most: 100})).toEqual(ids.slice(2));
  expect(await left()).toEqual([waiting.id]);
  await expect(jobs.show(tenant, ids[0]!)).rejects.toMatchObject({code: 'NOT_FOUND'});
});

test('lists are filtered and go on behind a cursor; a job is found by the beginning of its id', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs} = core.core.services;
  const {tenant} = core.caller;
  const made = [];
  for (let n = 0; n < 5; n++) made.push(await jobs.run(core.caller, {command: ['a']}));
  await jobs.cancel(core.caller, made[0]!.id, 'x');
  const first = await jobs.list(tenant, {state: 'queued', limit: 3});
  const second = await jobs.list(tenant, {state: 'queued', limit: 3, cursor: first.nextCursor});
  expect(first.items.length + second.items.length).toBe(4);
  expect((await jobs.list(tenant, {outcome: 'cancelled', limit: 10})).items.map(job => job.id)).toEqual([made[0]!.id]);
  expect((await jobs.show(tenant, made[2]!.id.slice(0, 12))).id).toBe(made[2]!.id);
  await expect(jobs.show(tenant, 'j-')).rejects.toMatchObject({code: 'NOT_FOUND'});
  await expect(jobs.show('t-aaaaaaaaaaaaaaaaaaaaaaaaaa', made[2]!.id)).rejects.toMatchObject({code: 'NOT_FOUND'});
});

test('needs that no class has room for are refused with a clear word', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const {jobs} = core.core.services;
  await jobs.run(core.caller, {command: ['a']});
  const {groups} = rim.keys;
  await rim.ask(client =>
    client.hset(groups(core.caller.tenant), Object.fromEntries(Array.from({length: 999}, (_, n) => [`x${n}`, '{}']))),
  );
  await expect(jobs.run(core.caller, {command: ['a'], workerLabels: {one: 'more'}})).rejects.toMatchObject({code: 'TOO_MANY_REQUESTS'});
  await jobs.run(core.caller, {command: ['b']});
});

test('what is no record of a job under its key is told once, and hides no other job', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const {jobs} = core.core.services;
  const {tenant} = core.caller;
  const waiting = {command: ['a'], workerLabels: {no: 'such'}};
  const [torn, strange, whole] = [
    await jobs.run(core.caller, waiting),
    await jobs.run(core.caller, waiting),
    await jobs.run(core.caller, waiting),
  ];
  await rim.ask(async client => {
    // Of another version than the job's own: else whoever notes why it waits would write it whole again.
    await client.set(rim.keys.job(torn.id), '{"v":99,"id"');
    await client.set(rim.keys.job(strange.id), '[]');
  });
  expect((await jobs.list(tenant, {limit: 100})).items.map(job => job.id)).toEqual([whole.id]);
  await expect(jobs.show(tenant, torn.id)).rejects.toMatchObject({code: 'NOT_FOUND'});
  await jobs.list(tenant, {limit: 100});
  expect(core.faults.filter(fault => String(fault).includes('no record of it')).length).toBe(2);
});
