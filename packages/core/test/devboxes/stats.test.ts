import {afterAll, beforeAll, expect, test} from 'vitest';
import {usageBetween} from '../../src/devboxes/stats.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A running DevBox whose agent answers so. */
async function boxWith(answer: () => unknown) {
  const core = await startTestCore({rim: await redis.rim()});
  let asked = 0;
  const agent = await core.agent({
    run: () => ({result: {exit: {code: 0}}}),
    answer: of => (of.ask === 'container.stats' ? (asked++, answer()) : []),
  });
  const {devboxes} = core.core.services;
  const {tenant} = core.caller;
  await devboxes.create(core.caller, {name: 'web'});
  const inState = (state: string) => waitFor(async () => (await devboxes.show(tenant, 'web')).state === state);
  await inState('running');
  return {
    core,
    agent,
    devboxes,
    inState,
    asked: () => asked,
    stats: () => devboxes.stats(tenant, 'web'),
    [Symbol.asyncDispose]: () => core.close(),
  };
}

/** Uses half a processor. */
const half = () => ({cpuSeconds: performance.now() / 2_000, memoryBytes: 5_000_000, pids: 3});

test('tells the share of a processor that was used, the memory, its limit and the processes', async () => {
  await using box = await boxWith(half);
  const {cpuPercent, ...rest} = await box.stats();
  expect(cpuPercent).toBeGreaterThan(25);
  expect(cpuPercent).toBeLessThan(75);
  expect(rest).toMatchObject({memoryBytes: 5_000_000, memoryLimitBytes: 2 * 1024 ** 3, pids: 3});
  expect(Date.parse(rest.at)).toBeGreaterThan(0);
});

test('however many look at once the worker is asked once; the next look is one question, against the last', async () => {
  await using box = await boxWith(half);
  const answers = await Promise.all(Array.from({length: 50}, box.stats));
  expect(new Set(answers.map(answer => answer.at)).size).toBe(1);
  expect(box.asked()).toBe(2);
  await waitFor(async () => (await box.stats()).at !== answers[0]!.at);
  expect(box.asked()).toBe(3);
});

test('a DevBox that does not run, one of nobody and a worker that is away are each told as what they are', async () => {
  await using box = await boxWith(half);
  const {tenant} = box.core.caller;
  await expect(box.devboxes.stats(tenant, 'nothing')).rejects.toMatchObject({code: 'NOT_FOUND'});
  await expect(box.devboxes.stats('t-other', 'web')).rejects.toMatchObject({code: 'NOT_FOUND'});
  await box.devboxes.stop(box.core.caller, 'web');
  await box.inState('stopped');
  await expect(box.stats()).rejects.toMatchObject({code: 'CONFLICT', hint: 'boxyard devboxes start web'});
  await box.devboxes.start(box.core.caller, 'web');
  await box.inState('running');
  box.agent.kill();
  await box.agent.closed;
  await waitFor(() => !box.core.core.hub.isConnected(box.agent.worker));
  await expect(box.stats()).rejects.toMatchObject({code: 'WORKER_OFFLINE'});
});

test('an agent that never answers is given up, and one that answers nonsense is named', async () => {
  await using silent = await boxWith(() => undefined);
  await expect(silent.stats()).rejects.toMatchObject({code: 'REQUEST_TIMEOUT'});
  await using strange = await boxWith(() => ({cpuSeconds: 'much'}));
  await expect(strange.stats()).rejects.toMatchObject({code: 'UNSUPPORTED'});
});

test('a counter that began anew is no use of a processor', () => {
  const sample = (at: number, cpuSeconds: number) => ({at, cpuSeconds, memoryBytes: 1});
  expect(usageBetween(sample(0, 100), sample(1_000, 2)).cpuPercent).toBe(0);
  expect(usageBetween(sample(0, 100), sample(2_000, 103)).cpuPercent).toBe(150);
});
