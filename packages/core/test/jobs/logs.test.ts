import {afterAll, beforeAll, expect, test} from 'vitest';
import {encodeData} from '../../src/protocol/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('a follower sees bytes as they come, gaps where they are, and ends with the job', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {jobs, logs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  const seen: string[] = [];
  const reading = (async () => {
    const {signal} = new AbortController();
    for await (const part of logs.read(core.caller.tenant, job.id, 'stdout', {from: 0, follow: true, signal}))
      seen.push('gap' in part ? `[${part.gap.from}-${part.gap.to} ${part.gap.reason}]` : Buffer.from(part.bytes).toString());
  })();
  await agent.output(start, 'one ');
  await waitFor(() => seen.join('') === 'one ');
  agent.gap(start, {stream: 'stdout', from: 4, to: 104, reason: 'disk-full'});
  await agent.output(start, 'two', 104);
  agent.result(start, {exit: {code: 0}}, {stdoutEnd: 107});
  await reading;
  expect(seen.join('')).toBe('one [4-104 disk-full]two');
  expect(await jobs.show(core.caller.tenant, job.id)).toMatchObject({logsComplete: false, have: {stdout: 107}, gaps: [{from: 4, to: 104}]});
});

test('repeated and overlapping frames are stored once, and a jump is answered by what is had', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {jobs, logs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  await agent.output(start, 'hello');
  await agent.output(start, 'lo world', 3);
  await agent.output(start, 'hello');
  await expect(agent.output(start, 'far', 100)).rejects.toThrow();
  const {have} = await logs.have(core.caller.tenant, job.id);
  expect(have.stdout).toBe(11);
}, 15_000);

test('bytes that were stored together are acknowledged once', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  await core.core.services.jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  await agent.output(start, 'x');
  const told = () => agent.received.filter(message => message.type === 'job.have');
  const {stream} = told()[0]!;
  for (let offset = 1; offset <= 50; offset++) agent.sendRaw(encodeData({stream, offset, bytes: Buffer.from('x')}));
  await waitFor(() => told().at(-1)?.length === 51);
  const lengths = told().map(({length}) => length);
  expect(lengths).toEqual([...new Set(lengths)]);
});

test('stdin goes to the agent with its credit and ends only where the client said so', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {jobs, logs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['sort'], stdin: true});
  const start = await waitFor(() => agent.started[0]);
  expect(start.stdin).toBe(true);
  expect(await logs.writeStdin(core.caller.tenant, job.id, 0, Buffer.from('abc'))).toBe(3);
  expect(await logs.writeStdin(core.caller.tenant, job.id, 0, Buffer.from('abcdef'))).toBe(6);
  agent.send({type: 'file.get', stream: 900, job: start.job, attempt: start.attempt, what: 'stdin', from: 2});
  agent.send({type: 'stream.credit', stream: 900, bytes: 1_000});
  await logs.endStdin(core.caller.tenant, job.id, 6);
  const end = await waitFor(() => agent.received.find(message => message.type === 'stream.end'));
  expect(end).toMatchObject({stream: 900, length: 6});
  expect(await logs.stdinLength(core.caller.tenant, job.id)).toEqual({length: 6, ended: true});
});

test('an upload belongs to its tenant and goes with the job that took it', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {jobs, logs} = core.core.services;
  const bytes = async function* () {
    yield Buffer.from('tar');
  };
  const {blob, bytes: length} = await logs.upload(core.caller.tenant, bytes());
  expect(length).toBe(3);
  await expect(
    jobs.run({...core.caller, tenant: 't-aaaaaaaaaaaaaaaaaaaaaaaaaa'}, {command: ['a'], source: {kind: 'dir', blob, bytes: 3}}),
  ).rejects.toMatchObject({code: 'NOT_FOUND'});
  await jobs.run(core.caller, {command: ['a'], source: {kind: 'dir', blob, bytes: 3}});
  const start = await waitFor(() => agent.started[0]);
  agent.send({type: 'file.get', stream: 901, job: start.job, attempt: start.attempt, what: {blob}, from: 0});
  agent.send({type: 'stream.credit', stream: 901, bytes: 1_000});
  expect(await waitFor(() => agent.received.find(message => message.type === 'stream.end'))).toMatchObject({length: 3});
});
