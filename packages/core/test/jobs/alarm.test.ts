import {afterAll, beforeAll, expect, test} from 'vitest';
import {scaled, type Timing} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Long before a sweep, also on a machine that is busy. */
const soon = {within: 25_000};

/** No sweep comes in the time of a test. */
const unswept: Timing = {...scaled(0.1), sweep: 60_000, retryFirst: 300, retryMost: 300, removalGrace: 700, cancelDeadline: 300};

test('a queue time-out comes when it is due, not with the next sweep', {timeout: 60_000}, async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const {jobs} = core.core.services;
  const began = performance.now();
  const later = await jobs.run(core.caller, {command: ['a'], queueTimeoutMs: 1_200});
  const first = await jobs.run(core.caller, {command: ['a'], queueTimeoutMs: 400});
  const ended = (id: string) => waitFor(async () => (await jobs.show(core.caller.tenant, id)).reason?.code === 'queue_timeout', soon);
  await ended(first.id);
  expect(performance.now() - began).toBeGreaterThan(400);
  await ended(later.id);
  const [a, b] = await Promise.all([first, later].map(({id}) => jobs.show(core.caller.tenant, id)));
  expect(Date.parse(a!.endedAt!)).toBeLessThan(Date.parse(b!.endedAt!));
});

test('a retry starts when its back-off is over, and a removal when its grace is', {timeout: 60_000}, async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const agent = await core.agent({run: ({kind, attempt}) => ({result: {exit: {code: kind === 'run' && attempt.number === 1 ? 1 : 0}}})});
  const {jobs, devboxes} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], retries: 1});
  await waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).state === 'ended', soon);
  expect((await jobs.show(core.caller.tenant, job.id)).attempt.number).toBe(2);
  await devboxes.create(core.caller, {name: 'web', image: 'debian:12'});
  await waitFor(() => agent.started.find(each => each.kind === 'devbox.create'));
  await waitFor(async () => (await devboxes.show(core.caller.tenant, 'web')).job === undefined);
  await devboxes.remove(core.caller, 'web', {});
  await waitFor(() => agent.started.find(each => each.kind === 'devbox.remove'), soon);
});

test('a cancel that no worker confirms ends at its deadline', {timeout: 60_000}, async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: unswept});
  const agent = await core.agent();
  const {jobs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], graceMs: 100});
  agent.running(await waitFor(() => agent.started[0]));
  await jobs.cancel(core.caller, job.id, 'enough');
  await waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).state === 'ended', soon);
});

test('what a server that is gone wrote is rung for by the one that swept last, when it is due', {timeout: 60_000}, async () => {
  const rim = await redis.rim();
  const first = await startTestCore({rim, timing: unswept});
  const {tenant} = first.caller;
  const job = await first.core.services.jobs.run(first.caller, {command: ['a'], queueTimeoutMs: 4_000});
  await first.close();
  await using second = await startTestCore({rim, timing: unswept, tenant});
  await second.core.sweep();
  await waitFor(async () => (await second.core.services.jobs.show(tenant, job.id)).state === 'ended', soon);
  expect(await second.core.services.jobs.show(tenant, job.id)).toMatchObject({reason: {code: 'queue_timeout'}});
});
