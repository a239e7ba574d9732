import {afterAll, beforeAll, expect, test} from 'vitest';
import type {Start} from '../fake-agent.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const ended = ({core, caller}: TestCore, id: string) =>
  waitFor(async () => {
    const job = await core.services.jobs.show(caller.tenant, id);
    return job.state === 'ended' ? job : undefined;
  });
const envOf = (start: {steps: readonly unknown[]}): Record<string, string> =>
  (start.steps as {do: string; spec?: {env: Record<string, string>}}[]).find(step => step.do === 'container.create')?.spec?.env ?? {};
const indexOf = (start: {steps: readonly unknown[]}) => Number(envOf(start)['BOXYARD_COPY_INDEX']);
const failing =
  (...indexes: number[]) =>
  (start: Start) => ({result: {exit: {code: indexes.includes(indexOf(start)) ? 1 : 0}}});

test('never more children than asked for are with workers at one time, and the next begins when one ends', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 8});
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 7, parallel: 2}});
  for (let done = 0; done < 7; done += 1) {
    const start = await waitFor(() => agent.started[done]);
    const {children} = await core.core.services.jobs.show(core.caller.tenant, parent.id);
    expect(children!.running).toBeLessThanOrEqual(2);
    expect(agent.started.length - done).toBeLessThanOrEqual(2);
    await agent.finish(start, {result: {exit: {code: 0}}});
  }
  expect(await ended(core, parent.id)).toMatchObject({outcome: 'succeeded', children: {total: 7, succeeded: 7}});
});

test('cancelling a parent of which few may run at once ends those that never began too, with exact totals', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 8});
  const {jobs} = core.core.services;
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {copies: 9, parallel: 2}});
  await waitFor(() => agent.started.length === 2);
  await jobs.cancel(core.caller, parent.id, 'enough');
  await waitFor(() => agent.received.filter(message => message.type === 'job.cancel').length === 2);
  for (const start of agent.started) await agent.finish(start, {result: {cancelled: 'enough'}});
  expect(await ended(core, parent.id)).toMatchObject({outcome: 'cancelled', children: {total: 9, cancelled: 9, queued: 0, running: 0}});
  expect(agent.started.length).toBe(2);
  expect((await jobs.list(core.caller.tenant, {parent: parent.id, limit: 100})).items.length).toBe(9);
});

test('with the first that succeeds the others are cancelled, and are not missed', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 5});
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 5, failurePolicy: 'first'}});
  await waitFor(() => agent.started.length === 5);
  const [first, ...others] = [...agent.started];
  await agent.finish(first!, {result: {exit: {code: 0}}});
  await waitFor(() => agent.received.filter(message => message.type === 'job.cancel').length >= 4);
  for (const start of others) await agent.finish(start, {result: {cancelled: 'enough'}});
  const end = await ended(core, parent.id);
  expect(end).toMatchObject({outcome: 'succeeded', exit: {code: 0}, children: {total: 5, succeeded: 1, cancelled: 4}});
  expect(end.partial).toBeUndefined();
});

test('a failure that decides the end cancels the rest where that was asked for', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({slots: 1, run: failing(0)});
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 30, parallel: 1, failFast: true}});
  expect(await ended(core, parent.id)).toMatchObject({outcome: 'failed', exit: {code: 1}, children: {total: 30, failed: 1, cancelled: 29}});
});

test('a quorum that is met is a success that says it is partial', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: failing(1, 3)});
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 5, failurePolicy: {quorum: 3}}});
  expect(await ended(core, parent.id)).toMatchObject({
    outcome: 'succeeded',
    partial: true,
    exit: {code: 7},
    children: {succeeded: 3, failed: 2},
  });
});

test('a matrix makes a child of each combination, which knows its own', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({run: () => ({result: {exit: {code: 0}}})});
  const fanOut = {matrix: {os: ['debian', 'alpine'], node: ['22', '24']}, copies: 2};
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut});
  await ended(core, parent.id);
  const seen = agent.started
    .map(envOf)
    .map(
      env =>
        `${env['BOXYARD_MATRIX_OS']} ${env['BOXYARD_MATRIX_NODE']} ${env['BOXYARD_COPY_COUNT']} ${env['BOXYARD_PARENT_ID'] === parent.id}`,
    );
  expect(seen.sort()).toEqual(['alpine 22', 'alpine 24', 'debian 22', 'debian 24'].flatMap(each => [`${each} 8 true`, `${each} 8 true`]));
});

test('one child for each value of a label goes to a worker that has it; a label nobody has is refused', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, workers} = core.core.services;
  const agents = [];
  for (const rack of ['east', 'west', 'west']) {
    const agent = await core.agent({name: `${rack}-${agents.length}`, run: () => ({result: {exit: {code: 0}}})});
    await workers.label(core.caller, agent.worker, {set: {rack}, unset: []});
    agents.push({rack, agent});
  }
  await waitFor(async () => (await workers.list(core.caller.tenant)).items.every(worker => worker.labels['rack'] !== undefined));
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {each: {label: 'rack'}}});
  expect(await ended(core, parent.id)).toMatchObject({children: {total: 2, succeeded: 2}});
  expect(agents[0]!.agent.started.length).toBe(1);
  expect(agents[1]!.agent.started.length + agents[2]!.agent.started.length).toBe(1);
  await expect(jobs.run(core.caller, {command: ['a'], fanOut: {each: {label: 'room'}}})).rejects.toMatchObject({code: 'NO_WORKER_FITS'});
});

test('only the children that failed run again, under their old numbers; where none did that is said', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  let isMended = false;
  const agent = await core.agent({run: start => ({result: {exit: {code: !isMended && indexOf(start) % 3 === 1 ? 1 : 0}}})});
  const {jobs} = core.core.services;
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {copies: 8}});
  expect(await ended(core, parent.id)).toMatchObject({partial: true, children: {failed: 3}});
  isMended = true;
  const before = agent.started.length;
  const again = await jobs.retry(core.caller, parent.id, {failed: true});
  expect(await ended(core, again.id)).toMatchObject({outcome: 'succeeded', children: {total: 3, succeeded: 3}});
  const places = agent.started.slice(before).map(start => [indexOf(start), envOf(start)['BOXYARD_COPY_COUNT']]);
  expect(places.sort(([a], [b]) => Number(a) - Number(b))).toEqual([1, 4, 7].map(index => [index, '8']));
  await expect(jobs.retry(core.caller, again.id, {failed: true})).rejects.toMatchObject({code: 'CONFLICT'});
});

test('what can never be met is refused, and nothing is accepted', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs} = core.core.services;
  await expect(jobs.run(core.caller, {command: ['a'], fanOut: {copies: 2, failurePolicy: {quorum: 3}}})).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('a quorum of 3 cannot be met by 2 children'),
  });
  expect((await jobs.list(core.caller.tenant, {limit: 10})).items).toEqual([]);
});

test('children begin in their order', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 1, run: () => ({result: {exit: {code: 0}}})});
  const parent = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 12}});
  await ended(core, parent.id);
  expect(agent.started.map(indexOf)).toEqual(Array.from({length: 12}, (_, index) => index));
});
