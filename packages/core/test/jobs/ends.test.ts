import {afterAll, beforeAll, expect, test} from 'vitest';
import {scaled} from '../../src/config/index.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const jobOf = ({core, caller}: TestCore, id: string) => core.services.jobs.show(caller.tenant, id);
const inState = (core: TestCore, id: string, state: string, within = 5_000) =>
  waitFor(
    async () => {
      const job = await jobOf(core, id);
      return job.state === state ? job : undefined;
    },
    {within},
  );
const fast = scaled(0.02);

test('a waiting job says for each worker why not, and starts when one has room', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 1});
  const {jobs} = core.core.services;
  const first = await jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  const second = await jobs.run(core.caller, {command: ['b']});
  const waiting = await waitFor(async () => ((await jobOf(core, second.id)).refusals ? jobOf(core, second.id) : undefined));
  expect(waiting.refusals).toMatchObject([{name: agent.name, code: 'full', why: 'all 1 slots are taken'}]);
  await agent.finish(start);
  await waitFor(() => agent.started.find(each => each.job === second.id));
  expect((await jobOf(core, first.id)).outcome).toBe('succeeded');
});

test('of many that wait each says why, the last as the first', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 1});
  const ids: string[] = [];
  for (let n = 0; n < 40; n += 1) ids.push((await core.core.services.jobs.run(core.caller, {command: ['a']})).id);
  const last = await waitFor(async () => ((await jobOf(core, ids.at(-1)!)).refusals ? jobOf(core, ids.at(-1)!) : undefined));
  expect(last.refusals).toMatchObject([{name: agent.name, code: 'full'}]);
  const {items} = await core.core.services.jobs.list(core.caller.tenant, {limit: 100});
  expect(items.filter(job => job.state === 'queued' && job.refusals === undefined)).toEqual([]);
});

test('a job without any worker says so, and starts when one joins', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const job = await core.core.services.jobs.run(core.caller, {command: ['a']});
  await waitFor(async () => (await jobOf(core, job.id)).reason?.code === 'waiting');
  await core.agent({run: () => ({result: {exit: {code: 0}}})});
  await inState(core, job.id, 'ended');
});

test('a waiting job is cancelled at once; a running one when its worker says so', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 1});
  const {jobs} = core.core.services;
  const running = await jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => agent.started[0]);
  agent.running(start);
  const waiting = await jobs.run(core.caller, {command: ['b']});
  expect((await jobs.cancel(core.caller, waiting.id, 'enough')).outcome).toBe('cancelled');
  const asked = await jobs.cancel(core.caller, running.id, 'enough');
  expect(asked).toMatchObject({cancelRequested: {confirmed: false}});
  expect(asked.state).not.toBe('ended');
  await waitFor(() => agent.received.find(message => message.type === 'job.cancel'));
  await agent.finish(start, {result: {cancelled: 'enough'}});
  expect(await inState(core, running.id, 'ended')).toMatchObject({
    outcome: 'cancelled',
    source: 'worker',
    cancelRequested: {confirmed: true},
  });
});

test('a cancellation nobody confirms is provisional, and the report of the same attempt corrects it once', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const agent = await core.agent();
  const {jobs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], graceMs: 10});
  const start = await waitFor(() => agent.started[0]);
  await jobs.cancel(core.caller, job.id, 'enough');
  expect(await inState(core, job.id, 'ended')).toMatchObject({outcome: 'cancelled', source: 'server', cancelRequested: {confirmed: false}});
  await agent.finish(start, {result: {exit: {code: 0}}});
  expect(await jobOf(core, job.id)).toMatchObject({outcome: 'succeeded', source: 'worker'});
  agent.result(start, {exit: {code: 9}});
  await agent.finish(start, {result: {exit: {code: 9}}});
  expect(await jobOf(core, job.id)).toMatchObject({outcome: 'succeeded', exit: {code: 0}});
});

test('a worker that comes back is told of the cancellation it could not hear', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const agent = await core.agent();
  const {jobs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], graceMs: 10});
  agent.running(await waitFor(() => agent.started[0]));
  await inState(core, job.id, 'running');
  agent.kill();
  await waitFor(() => !core.core.hub.isConnected(agent.worker));
  await jobs.cancel(core.caller, job.id, 'enough');
  await inState(core, job.id, 'ended');
  const again = await core.agent({worker: agent.worker});
  const told = await waitFor(() => again.received.find(message => message.type === 'job.cancel'));
  expect(told).toMatchObject({job: job.id, reason: 'enough'});
  again.result({job: job.id, attempt: told.attempt}, {cancelled: 'enough'});
  await waitFor(async () => (await jobOf(core, job.id)).cancelRequested?.confirmed);
  expect(await jobOf(core, job.id)).toMatchObject({outcome: 'cancelled', source: 'worker'});
});

test('a job waits no longer than its queue time-out', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const job = await core.core.services.jobs.run(core.caller, {command: ['a'], queueTimeoutMs: 50});
  expect(await inState(core, job.id, 'ended')).toMatchObject({outcome: 'failed', reason: {code: 'queue_timeout'}});
});

test('the jobs of a lost worker fail, wait or run again elsewhere, as each asked', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const gone = await core.agent({name: 'gone'});
  const {jobs} = core.core.services;
  const run = (ifLost: 'fail' | 'wait' | 'retry') => jobs.run(core.caller, {command: ['a'], ifLost, idempotent: ifLost === 'retry'});
  const [fail, wait, retry] = [await run('fail'), await run('wait'), await run('retry')];
  await waitFor(() => gone.started.length === 3);
  for (const start of gone.started) gone.running(start);
  await waitFor(async () => (await jobOf(core, retry!.id)).state === 'running');
  const others = [await core.agent({name: 'other'}), await core.agent({name: 'third'})];
  gone.kill();
  expect(await inState(core, fail!.id, 'ended', 20_000)).toMatchObject({outcome: 'lost', reason: {code: 'agent_lost'}, exit: {code: 125}});
  const again = await waitFor(() => others.flatMap(agent => agent.started)[0], {within: 10_000});
  expect(again).toMatchObject({job: retry!.id, attempt: {number: 2}});
  expect((await jobOf(core, wait!.id)).state).not.toBe('ended');
});

test('an infrastructure fault is tried again after a back-off; a failing command is not', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const error = {code: 'REGISTRY_UNREACHABLE', message: 'no way'};
  const agent = await core.agent({
    run: start => ({
      result: start.attempt.number < 3 && start.steps[0]!.do === 'image.pull' && start.steps.length > 4 ? {error} : {exit: {code: 1}},
    }),
  });
  const {jobs} = core.core.services;
  const job = await jobs.run(core.caller, {command: ['a'], out: ['x']});
  expect(await inState(core, job.id, 'ended', 10_000)).toMatchObject({attempt: {number: 3}, outcome: 'failed', exit: {code: 1}});
  expect(agent.started.length).toBe(3);
});

test('frames about jobs of another worker or attempt change nothing', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const owner = await core.agent();
  const job = await core.core.services.jobs.run(core.caller, {command: ['a']});
  const start = await waitFor(() => owner.started[0]);
  const stranger = await core.agent();
  stranger.result(start, {exit: {code: 0}});
  stranger.send({type: 'output.open', stream: 1, job: start.job, attempt: start.attempt, name: 'stdout'});
  stranger.send({type: 'job.secrets', job: start.job, attempt: start.attempt});
  await waitFor(() => stranger.received.filter(message => message.type === 'job.superseded').length >= 3);
  owner.result({job: start.job, attempt: {number: 1, id: '0'.repeat(32)}}, {exit: {code: 0}});
  await waitFor(() => owner.received.some(message => message.type === 'job.superseded'));
  expect((await jobOf(core, job.id)).state).not.toBe('ended');
  expect(stranger.received.some(message => message.type === 'job.secrets' || message.type === 'job.have')).toBe(false);
});

test('the same key and request give the first answer; another request is refused', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs} = core.core.services;
  const answers = await Promise.all(Array.from({length: 20}, () => jobs.run(core.caller, {command: ['a']}, 'key')));
  expect(new Set(answers.map(job => job.id)).size).toBe(1);
  await expect(jobs.run(core.caller, {command: ['b']}, 'key')).rejects.toMatchObject({code: 'IDEMPOTENCY_MISMATCH'});
  expect((await jobs.list(core.caller.tenant, {limit: 100})).items.length).toBe(1);
});

test('copies become children; some that failed make the whole partial', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: start => ({result: {exit: {code: envOf(start)['BOXYARD_COPY_INDEX'] === '1' ? 2 : 0}}})});
  const {jobs} = core.core.services;
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {copies: 5}});
  expect(parent.children).toMatchObject({total: 5});
  const ended = await inState(core, parent.id, 'ended');
  expect(ended).toMatchObject({
    outcome: 'failed',
    partial: true,
    exit: {code: 7},
    children: {total: 5, succeeded: 4, failed: 1, queued: 0, running: 0},
  });
  expect((await jobs.list(core.caller.tenant, {parent: parent.id, limit: 100})).items.length).toBe(5);
});

test('one job on each worker, and a cancelled parent ends with its children', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agents = [await core.agent(), await core.agent()];
  await waitFor(async () => (await core.core.services.workers.list(core.caller.tenant)).items.every(worker => worker.engines.length > 0));
  const {jobs} = core.core.services;
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {each: 'worker'}});
  await waitFor(() => agents.every(agent => agent.started.length === 1));
  await jobs.cancel(core.caller, parent.id, 'enough');
  for (const agent of agents) {
    await waitFor(() => agent.received.some(message => message.type === 'job.cancel'));
    await agent.finish(agent.started[0]!, {result: {cancelled: 'enough'}});
  }
  expect(await inState(core, parent.id, 'ended')).toMatchObject({outcome: 'cancelled', children: {cancelled: 2}});
});

test('one job on each worker says which ones it left out, and why', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, workers} = core.core.services;
  await core.agent({name: 'here'});
  const closed = await core.agent({name: 'closed'});
  await waitFor(async () => (await workers.list(core.caller.tenant)).items.every(worker => worker.engines.length > 0));
  await workers.cordon(core.caller, closed.worker, true);
  closed.kill();
  await waitFor(async () => (await workers.show(core.caller.tenant, closed.worker)).presence === 'offline');
  const parent = await jobs.run(core.caller, {command: ['a'], fanOut: {each: 'worker'}});
  expect(parent.children?.total).toBe(1);
  expect(parent.refusals).toMatchObject([
    {name: 'closed', code: 'cordoned', why: expect.stringMatching(/^cordoned by user:anna .*, and offline since /)},
  ]);
});

const envOf = (start: {steps: readonly unknown[]}): Record<string, string> =>
  (start.steps as {do: string; spec?: {env: Record<string, string>}}[]).find(step => step.do === 'container.create')?.spec?.env ?? {};

test('what an earlier attempt still wrote is kept beside the later one, if it was that worker’s', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: fast});
  const first = await core.agent({name: 'first'});
  const job = await core.core.services.jobs.run(core.caller, {command: ['a'], ifLost: 'retry', idempotent: true});
  const earlier = await waitFor(() => first.started[0]);
  first.running(earlier);
  await first.output(earlier, 'one ');
  first.send({type: 'worker.sleeping', state: 'going-to-sleep'});
  const second = await core.agent({name: 'second'});
  const later = await waitFor(() => second.started[0]);
  expect(later).toMatchObject({job: job.id, attempt: {number: 2}});
  await first.output(earlier, 'two', 4);
  await first.finish(earlier);
  second.send({type: 'output.gap', job: job.id, attempt: earlier.attempt, gap: {stream: 'stdout', from: 7, to: 99, reason: 'cap'}});
  second.result({job: job.id, attempt: {number: 1, id: 'f'.repeat(32)}}, {exit: {code: 0}});
  await waitFor(() => second.received.filter(message => message.type === 'job.superseded').length === 2);
  await second.finish(later, {stdout: 'again'});
  const {logs} = core.core.services;
  const textOf = async (attempt: number) => {
    let text = '';
    const options = {from: 0, follow: false, attempt, signal: new AbortController().signal};
    for await (const part of logs.read(core.caller.tenant, job.id, 'stdout', options))
      text += 'bytes' in part ? Buffer.from(part.bytes).toString() : 'gap';
    return text;
  };
  expect([await textOf(1), await textOf(2)]).toEqual(['one two', 'again']);
  expect(await jobOf(core, job.id)).toMatchObject({outcome: 'succeeded', attempt: {number: 2}, have: {stdout: 5}});
});

test('a tenant that queues without end is told to wait, exactly at its limit, and may go on once something ended', async () => {
  await using core = await startTestCore({rim: await redis.rim(), mostUnfinished: 10});
  const {jobs} = core.core.services;
  const answers = await Promise.allSettled(Array.from({length: 50}, () => jobs.run(core.caller, {command: ['a']})));
  const accepted = answers.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
  expect(accepted.length).toBe(10);
  await expect(jobs.run(core.caller, {command: ['a']})).rejects.toMatchObject({code: 'TOO_MANY_REQUESTS'});
  await jobs.cancel(core.caller, accepted[0]!.id, 'enough');
  expect(await jobs.run(core.caller, {command: ['a']})).toMatchObject({state: 'queued'});
});

test('what runs on a worker that is removed ends with it, and what waits for it alone does not wait for ever', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: scaled(0.1)});
  const agent = await core.agent({slots: 1, name: 'nas'});
  const {jobs, workers} = core.core.services;
  const running = await jobs.run(core.caller, {command: ['a'], ifLost: 'wait'});
  await waitFor(() => agent.started[0]);
  const named = await Promise.all(['b', 'c'].map(command => jobs.run(core.caller, {command: [command], worker: 'nas'})));
  const free = await jobs.run(core.caller, {command: ['d']});
  await workers.remove(core.caller, 'nas');
  expect(await inState(core, running.id, 'ended')).toMatchObject({outcome: 'lost', reason: {code: 'worker_removed'}});
  for (const {id} of named) expect(await inState(core, id, 'ended')).toMatchObject({outcome: 'failed', reason: {code: 'worker_removed'}});
  expect((await jobOf(core, free.id)).state).toBe('queued');
});
