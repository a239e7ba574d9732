import {afterAll, beforeAll, expect, test} from 'vitest';
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
