import {afterAll, beforeAll, expect, test} from 'vitest';
import {createReportSecrets} from '../../src/jobs/report-secrets.ts';
import type {Attempt} from '../../src/protocol/index.ts';
import {type TestCore, attemptKey, startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const secrets = createReportSecrets(attemptKey);
const secretOf = ({job, attempt}: {readonly job: string; readonly attempt: Attempt}) => secrets.of(job, attempt);

async function oneRunning(core: TestCore, request: {readonly retries?: number} = {}) {
  const agent = await core.agent();
  const {id} = await core.core.services.jobs.run(core.caller, {command: ['a'], report: true, ...request});
  const start = await waitFor(() => agent.started[0]);
  agent.running(start);
  await waitFor(async () => (await core.core.services.jobs.show(core.caller.tenant, id)).state === 'running');
  return {agent, id, start};
}

test('a running job tells how far it is, lines and what came of it; the last of each counts, and outlives its end', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, reports} = core.core.services;
  const {agent, id, start} = await oneRunning(core);
  const secret = secretOf(start);
  await reports.report(id, secret, {progress: {done: 3, total: 10, text: 'linking'}, log: ['one', 'two\u001b[2J'], result: {built: 1}});
  await reports.report(id, secret, {result: {built: 2}});
  expect(await jobs.show(core.caller.tenant, id)).toMatchObject({progress: {done: 3, total: 10, step: 'linking'}, result: {built: 2}});
  expect((await jobs.list(core.caller.tenant, {limit: 10})).items[0]).toMatchObject({progress: {done: 3}, resultBytes: 11});
  const told = await waitFor(() => agent.received.find(message => message.type === 'job.log'));
  expect(told).toMatchObject({job: id, text: 'one\ntwo [2J\n'});
  await agent.finish(start);
  const end = await jobs.show(core.caller.tenant, id);
  expect(end).toMatchObject({outcome: 'succeeded', result: {built: 2}});
  expect(end.progress).toMatchObject({done: 3, total: 10, step: 'linking'});
  expect(await jobs.result(core.caller.tenant, id)).toEqual({built: 2});
  await expect(reports.report(id, secret, {result: 3})).rejects.toMatchObject({code: 'CONFLICT'});
});

test('how far it is is told to who looks on, as a figure that is not kept in the stream, by whichever door it came', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {agent, id, start} = await oneRunning(core);
  const gauges: unknown[] = [];
  const events: string[] = [];
  const stop = await core.core.services.events.follow(core.caller.tenant, undefined, {
    onPlace: () => undefined,
    onEvent: event => events.push(event.type),
    onReset: () => undefined,
    onGauge: gauge => gauges.push(gauge),
  });
  await core.core.services.reports.report(id, secretOf(start), {progress: {done: 1, total: 2}});
  await waitFor(() => gauges.length === 1);
  const {job, attempt} = start;
  agent.send({type: 'job.update', job, attempt, state: 'running', phases: [], progress: {step: 'b', done: 2, total: 2}});
  await waitFor(() => gauges.length === 2);
  stop();
  expect(gauges).toMatchObject([
    {object: `jobs/${id}`, values: {progress: {done: 1, total: 2, step: ''}}},
    {object: `jobs/${id}`, values: {progress: {done: 2, total: 2, step: 'b'}}},
  ]);
  expect(events).toEqual([]);
  await waitFor(async () => (await core.core.services.jobs.show(core.caller.tenant, id)).progress?.done === 2);
});

test('what its worker says came of it counts more; what is no JSON or too large is left out', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, reports} = core.core.services;
  const said = async (reported: string) => {
    const agent = await core.agent();
    const {id} = await jobs.run(core.caller, {command: ['a'], report: true, worker: agent.name});
    const start = await waitFor(() => agent.started[0]);
    agent.running(start);
    await reports.report(id, secretOf(start), {result: 'by http'});
    await agent.finish(start, {result: {exit: {code: 0}, reported}});
    return (await jobs.show(core.caller.tenant, id)).result;
  };
  expect(await said('{"by": "worker"}')).toEqual({by: 'worker'});
  expect(await said('{"by": ')).toBe('by http');
  expect(await said(JSON.stringify('x'.repeat(70_000)))).toBe('by http');
  expect(await said(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toBe('by http');
});

test('the secret of another job, of a dead attempt or of nobody reports nothing, and does not say whether a job is there', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, reports} = core.core.services;
  const {agent, id, start} = await oneRunning(core, {retries: 1});
  const dead = secretOf(start);
  agent.result(start, {exit: {code: 1}});
  const again = await waitFor(() => agent.started[1], {within: 20_000});
  expect(again.attempt.number).toBe(2);
  const other = await jobs.run(core.caller, {command: ['b'], report: true});
  const otherStart = await waitFor(() => agent.started.find(each => each.job === other.id));
  const refused = {code: 'FORBIDDEN'};
  await expect(reports.report(id, dead, {result: 1})).rejects.toMatchObject(refused);
  await expect(reports.report(id, secretOf(otherStart), {result: 1})).rejects.toMatchObject(refused);
  await expect(reports.report(id, 'a'.repeat(64), {result: 1})).rejects.toMatchObject(refused);
  await expect(reports.report('j-aaaaaaaaaaaaaaaaaaaaaaaaaa', dead, {result: 1})).rejects.toMatchObject(refused);
  await expect(reports.report('../../etc', dead, {result: 1})).rejects.toMatchObject(refused);
  await expect(reports.report(id, undefined, {result: 1})).rejects.toMatchObject({code: 'UNAUTHENTICATED'});
  await reports.report(id, secretOf(again), {result: 'mine'});
  expect((await jobs.show(core.caller.tenant, id)).result).toBe('mine');
  expect((await jobs.show(core.caller.tenant, other.id)).result).toBeUndefined();
});

test('the secret goes to the worker that asks for it and is in no record, event or command; a plain job has none', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {agent, id, start} = await oneRunning(core);
  const secret = secretOf(start);
  agent.send({type: 'job.secrets', job: id, attempt: start.attempt});
  const answer = await waitFor(() => agent.received.find(message => message.type === 'job.secrets'));
  expect(answer).toMatchObject({values: {'~report': secret}});
  const {keys} = core.rim;
  const stored = await core.rim.ask(client =>
    Promise.all([
      client.get(keys.job(id)),
      client.xrange(keys.events(core.caller.tenant), '-', '+'),
      client.xrange(keys.outbox(agent.worker), '-', '+'),
    ]),
  );
  expect(JSON.stringify([stored, start])).not.toContain(secret);
  const plain = await core.core.services.jobs.run(core.caller, {command: ['b']});
  const plainStart = await waitFor(() => agent.started.find(each => each.job === plain.id));
  expect(JSON.stringify(plainStart)).not.toContain('~report');
  await expect(core.core.services.reports.report(plain.id, secretOf(plainStart), {result: 1})).rejects.toMatchObject({code: 'FORBIDDEN'});
});

test('too much is refused whole, and too often is told to wait', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, reports} = core.core.services;
  const {agent, id, start} = await oneRunning(core);
  const secret = secretOf(start);
  const large = {progress: {done: 1}, log: 'a', result: 'x'.repeat(70_000)};
  await expect(reports.report(id, secret, large)).rejects.toMatchObject({code: 'BODY_TOO_LARGE'});
  const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
  await expect(reports.report(id, secret, {progress: {done: 1}, result: deep})).rejects.toMatchObject({code: 'INVALID_INPUT'});
  expect(await jobs.show(core.caller.tenant, id)).not.toHaveProperty('progress');
  expect(agent.received.filter(message => message.type === 'job.log')).toEqual([]);
  const often = Array.from({length: 200}, () => reports.report(id, secret, {progress: {done: 1}}));
  const refused = (await Promise.allSettled(often)).flatMap(each => (each.status === 'rejected' ? [each.reason as {code: string}] : []));
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map(each => each.code))).toEqual(new Set(['TOO_MANY_REQUESTS']));
});

test('lines are refused while its worker is away, and nothing beside them is kept', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, reports} = core.core.services;
  const {agent, id, start} = await oneRunning(core);
  agent.kill();
  await waitFor(async () => (await core.core.services.workers.show(core.caller.tenant, agent.worker)).presence !== 'online');
  await expect(reports.report(id, secretOf(start), {log: 'a', result: 1})).rejects.toMatchObject({code: 'WORKER_OFFLINE'});
  expect(await jobs.show(core.caller.tenant, id)).not.toHaveProperty('result');
  await reports.report(id, secretOf(start), {result: 1});
});
