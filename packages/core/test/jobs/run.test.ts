import {afterAll, beforeAll, expect, test} from 'vitest';
import {newId} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('a job is accepted, placed, sent, run and stored, with every byte it wrote', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({run: () => ({stdout: 'hello\n', result: {exit: {code: 3}}})});
  const {jobs, logs} = core.core.services;
  const accepted = await jobs.run(core.caller, {command: ['echo', 'hello']});
  expect(accepted.state).toBe('queued');
  const ended = await waitFor(async () => {
    const job = await jobs.show(core.caller.tenant, accepted.id);
    return job.state === 'ended' ? job : undefined;
  });
  expect(ended).toMatchObject({outcome: 'failed', source: 'worker', exit: {code: 3}, logsComplete: true, worker: {id: agent.worker}});
  const parts: string[] = [];
  const {signal} = new AbortController();
  for await (const part of logs.read(core.caller.tenant, accepted.id, 'stdout', {from: 0, follow: true, signal}))
    if ('bytes' in part) parts.push(Buffer.from(part.bytes).toString());
  expect(parts.join('')).toBe('hello\n');
  expect(core.faults).toEqual([]);
});

test('a job for a machine that joined and never connected waits for it and says so', async () => {
  const worker = newId('w');
  const known = new Map([[worker, {worker, tenant: newId('t'), name: 'nas'}]]);
  await using core = await startTestCore({rim: await redis.rim(), joined: [{worker, name: 'nas'}], workers: known});
  const {jobs} = core.core.services;
  const accepted = await jobs.run(core.caller, {worker: 'nas', image: 'a:1', command: ['true']});
  const told = await waitFor(async () => {
    const job = await jobs.show(core.caller.tenant, accepted.id);
    return job.refusals === undefined ? undefined : job;
  });
  expect(told).toMatchObject({
    state: 'queued',
    refusals: [{name: 'nas', why: 'it never connected', hint: expect.stringContaining('boxyard worker run')}],
  });
  await expect(jobs.run(core.caller, {worker: 'nobody', command: ['true']})).rejects.toMatchObject({code: 'NOT_FOUND'});
});

test('a job whose secret values went with it is not run again without them, and says what to do', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: () => ({result: {exit: {code: 0}}})});
  const {jobs} = core.core.services;
  const {id} = await jobs.run(core.caller, {command: ['true'], secretEnv: {TOKEN: 'x'}});
  await waitFor(async () => ((await jobs.show(core.caller.tenant, id)).state === 'ended' ? true : undefined));
  await expect(jobs.retry(core.caller, id, {})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('kept no longer: TOKEN'),
    hint: expect.stringContaining('--env-file'),
  });
});

test('who may not run on the machine itself may not by running the job of somebody who may again', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs} = core.core.services;
  const {id} = await jobs.run(core.caller, {engine: 'process', command: ['true']});
  await jobs.cancel(core.caller, id, 'enough');
  await expect(jobs.retry({...core.caller, access: 'member'}, id, {})).rejects.toMatchObject({code: 'ENGINE_FORBIDDEN'});
  expect((await jobs.list(core.caller.tenant, {limit: 10})).items.length).toBe(1);
  await jobs.retry({...core.caller, access: 'admin'}, id, {});
});
