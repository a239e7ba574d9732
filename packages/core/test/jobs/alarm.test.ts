import {afterAll, beforeAll, expect, test} from 'vitest';
import {scaled, type Timing} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** No sweep comes in the time of a test. */
const unswept: Timing = {...scaled(0.1), sweep: 60_000, retryFirst: 300, retryMost: 300, removalGrace: 700, cancelDeadline: 300};

test('a queue time-out comes when it is due, not with the next sweep', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const {jobs} = core.core.services;
  const began = performance.now();
  const later = await jobs.run(core.caller, {command: ['a'], queueTimeoutMs: 1_200});
  const first = await jobs.run(core.caller, {command: ['a'], queueTimeoutMs: 400});
  const ended = (id: string) => waitFor(async () => (await jobs.show(core.caller.tenant, id)).reason?.code === 'queue_timeout');
  await ended(first.id);
  expect(performance.now() - began).toBeGreaterThan(400);
  expect(performance.now() - began).toBeLessThan(1_000);
  await ended(later.id);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('a retry starts when its back-off is over, and a removal when its grace is', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const agent = await core.agent({run: ({kind, attempt}) => ({result: {exit: {code: kind === 'run' && attempt.number === 1 ? 1 : 0}}})});
  const {jobs, devboxes} = core.core.services;
  const began = performance.now();
  const job = await jobs.run(core.caller, {command: ['a'], retries: 1});
  await waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).state === 'ended');
  expect((await jobs.show(core.caller.tenant, job.id)).attempt.number).toBe(2);
  expect(performance.now() - began).toBeLessThan(2_500);
  await devboxes.create(core.caller, {name: 'web', image: 'debian:12'});
  await waitFor(() => agent.started.find(each => each.kind === 'devbox.create'));
  await waitFor(async () => (await devboxes.show(core.caller.tenant, 'web')).job === undefined);
  await devboxes.remove(core.caller, 'web', {});
  const removing = performance.now();
  await waitFor(() => agent.started.find(each => each.kind === 'devbox.remove'));
  expect(performance.now() - removing).toBeLessThan(3_000);
});

test('a cancel that no worker confirms ends at its deadline', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const agent = await core.agent();
  const {jobs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], graceMs: 100});
  agent.running(await waitFor(() => agent.started[0]));
  await jobs.cancel(core.caller, job.id, 'enough');
  const began = performance.now();
  await waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).state === 'ended');
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('what a server that is gone wrote is rung for by another one, and near its time', async () => {
  const rim = await redis.rim();
  const first = await startTestCore({rim, timing: unswept});
  const job = await first.core.services.jobs.run(first.caller, {command: ['a'], queueTimeoutMs: 2_500});
  await first.close();
  await using second = await startTestCore({rim, timing: {...unswept, sweep: 2_000}, tenant: first.caller.tenant});
  const due = Date.parse(job.createdAt) + 2_500;
  await waitFor(async () => (await second.core.services.jobs.show(first.caller.tenant, job.id)).state === 'ended');
  expect(rim.clock.now() - due).toBeLessThan(800);
});
