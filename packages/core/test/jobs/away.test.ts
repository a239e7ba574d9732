import {cpSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {createAttemptIds} from '../../src/jobs/attempt-ids.ts';
import {attemptKey, startTestCore} from '../core-for-tests.ts';
import {startTestRedis, waitFor} from '../redis-for-tests.ts';

test('while Redis is away submissions fail soon and running jobs go on; then everything resumes by itself', {timeout: 60_000}, async () => {
  await using redis = await startTestRedis();
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 2});
  const {jobs} = core.core.services;
  const running = await jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  agent.running(start);
  await waitFor(async () => (await jobs.show(core.caller.tenant, running.id)).state === 'running');
  await redis.kill();
  const began = performance.now();
  await expect(jobs.run(core.caller, {command: ['b']})).rejects.toMatchObject({code: 'REDIS_UNAVAILABLE'});
  expect(performance.now() - began).toBeLessThan(10_000);
  agent.result(start, {exit: {code: 0}});
  await redis.start();
  const next = await waitFor(() => jobs.run(core.caller, {command: ['c']}).catch(() => undefined), {within: 10_000});
  await waitFor(() => agent.started.find(each => each.job === next.id), {within: 20_000});
  await waitFor(() => agent.stored.has(start.attempt.id));
  expect(await jobs.show(core.caller.tenant, running.id)).toMatchObject({outcome: 'succeeded', source: 'worker'});
});

test('a Redis that lost its last second takes back what the agent still holds, and runs nothing twice', {timeout: 60_000}, async () => {
  await using redis = await startTestRedis();
  await using core = await startTestCore({rim: await redis.rim()});
  const journal = new Map();
  const agent = await core.agent({slots: 1});
  const {jobs, events} = core.core.services;
  const known = await jobs.run(core.caller, {command: ['a']});
  const first = await waitFor(() => agent.started[0]);
  agent.running(first);
  await waitFor(async () => (await jobs.show(core.caller.tenant, known.id)).state === 'running');
  const waiting = await jobs.run(core.caller, {command: ['b']});
  const seen: string[] = [];
  const stop = await events.follow(core.caller.tenant, undefined, {
    onEvent: event => seen.push(event.seq),
    onReset: () => seen.push('reset'),
    onPlace: () => undefined,
    onGauge: () => undefined,
  });
  const copy = join(redis.dir, 'copy');
  cpSync(join(redis.dir, 'appendonlydir'), copy, {recursive: true});
  await agent.finish(first);
  const second = await waitFor(() => agent.started.find(each => each.job === waiting.id));
  agent.running(second);
  const lost = await jobs.run(core.caller, {command: ['c']});
  journal.set(second.job, second);
  await waitFor(async () => (await jobs.show(core.caller.tenant, waiting.id)).state === 'running');
  await redis.kill();
  rmSync(join(redis.dir, 'appendonlydir'), {recursive: true});
  cpSync(copy, join(redis.dir, 'appendonlydir'), {recursive: true});
  await redis.start();
  await waitFor(() => agent.received.some(message => message.type === 'journal.ask'), {within: 10_000});
  agent.journal([
    {job: first.job, attempt: first.attempt, state: 'ended', at: Date.now()},
    {job: second.job, attempt: second.attempt, state: 'running', at: Date.now()},
  ]);
  const asked = await waitFor(() => agent.received.find(message => message.type === 'job.ask' && message.job === first.job));
  expect(asked).toMatchObject({attempt: first.attempt});
  await waitFor(async () => (await jobs.show(core.caller.tenant, waiting.id)).state === 'running');
  await expect(jobs.show(core.caller.tenant, lost.id)).rejects.toMatchObject({code: 'NOT_FOUND'});
  await agent.finish(first);
  await agent.finish(second);
  expect(agent.started.filter(each => each.job === waiting.id).length).toBe(1);
  expect(await jobs.show(core.caller.tenant, waiting.id)).toMatchObject({outcome: 'succeeded', attempt: second.attempt});
  const lives = () => new Set(seen.map(seq => seq.split('.')[0]));
  await waitFor(() => lives().size > 1, {within: 20_000});
  stop();
});

test('a job that Redis forgot altogether is taken back with its result', {timeout: 30_000}, async () => {
  await using redis = await startTestRedis();
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const start = {
    job: 'j-aaaaaaaaaaaaaaaaaaaaaaaaaa',
    attempt: {number: 3, id: createAttemptIds(attemptKey).issue('j-aaaaaaaaaaaaaaaaaaaaaaaaaa', agent.worker)},
  };
  agent.journal([{...start, state: 'running', at: Date.now()}]);
  const found = await waitFor(() => core.core.services.jobs.show(core.caller.tenant, start.job).catch(() => undefined));
  expect(found).toMatchObject({state: 'running', attempt: {number: 3}, reason: {code: 'recovered'}});
  agent.result(start, {exit: {code: 4}});
  await waitFor(() => agent.stored.has(start.attempt.id));
  expect(await core.core.services.jobs.show(core.caller.tenant, start.job)).toMatchObject({state: 'ended', exit: {code: 4}});
});

test('a job whose record was lost is what its worker says it is, and reserves what it takes; nobody gets a secret by it', async () => {
  await using redis = await startTestRedis();
  const rim = await redis.rim();
  await using core = await startTestCore({rim, secrets: {token: 'hush'}});
  const agent = await core.agent();
  const {jobs} = core.core.services;
  const request = {command: ['make', 'test'], image: 'debian:12', env: {CI: '1'}, out: ['dist'], timeoutMs: 60_000};
  const {id} = await jobs.run(core.caller, request);
  const start = await waitFor(() => agent.started[0]);
  agent.running(start);
  await waitFor(async () => (await jobs.show(core.caller.tenant, id)).state === 'running');
  await rim.ask(client => client.del(rim.keys.job(id), rim.keys.held(agent.worker), rim.keys.used(agent.worker)));
  agent.journal([{job: id, attempt: start.attempt, state: 'running', at: 1}]);
  const known = await waitFor(async () => {
    const job = await jobs.show(core.caller.tenant, id).catch(() => undefined);
    return job?.engine === 'fake' ? job : undefined;
  });
  expect(known).toMatchObject({
    kind: 'run',
    state: 'running',
    reason: {code: 'recovered'},
    spec: {
      labels: {recovered: 'true'},
      box: {image: 'docker.io/library/debian:12', main: ['make', 'test'], env: {CI: '1'}},
      out: ['dist'],
      timeoutMs: 60_000,
      secrets: [],
    },
  });
  expect(await rim.ask(client => client.hget(rim.keys.used(agent.worker), 'slots'))).toBe('1');
  const wanted = [{secret: 'token', as: 'TOKEN', kind: 'env' as const}];
  const greedy = start.steps.map(step => (step.do === 'container.create' ? {...step, secrets: wanted} : step));
  agent.send({type: 'job.told', job: id, attempt: start.attempt, start: {...start, steps: greedy}});
  agent.send({type: 'job.secrets', job: id, attempt: start.attempt});
  expect(await waitFor(() => agent.received.find(each => each.type === 'job.secrets'))).toMatchObject({values: {}});
  await agent.finish(start);
  expect(await jobs.show(core.caller.tenant, id)).toMatchObject({outcome: 'succeeded', exit: {code: 0}});
  expect(await rim.ask(client => client.hget(rim.keys.used(agent.worker), 'slots'))).toBe('0');
});
