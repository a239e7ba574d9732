import {afterAll, beforeAll, expect, test} from 'vitest';
import {scaled} from '../../src/config/index.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import type {FakeAgent, Start} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const succeed = () => ({result: {exit: {code: 0}}});
const show = ({core, caller}: TestCore, name = 'web') => core.services.devboxes.show(caller.tenant, name);
const inState = (core: TestCore, state: string, within = 5_000) =>
  waitFor(async () => ((await show(core)).state === state ? show(core) : undefined), {within});

async function runningBox(core: TestCore): Promise<void> {
  await core.core.services.devboxes.create(core.caller, {name: 'web'});
  await inState(core, 'running');
}

const used = async (core: TestCore, agent: FakeAgent) => {
  const worker = await core.core.services.workers.show(core.caller.tenant, agent.worker);
  return {slots: worker.slots.total - worker.slots.free, memory: worker.memory.total - worker.memory.free};
};

test('a DevBox is created, stopped, started and removed, and its memory goes with it', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: scaled(0.02)});
  const agent = await core.agent({run: succeed});
  const {devboxes} = core.core.services;
  await runningBox(core);
  expect(await used(core, agent)).toEqual({slots: 0, memory: 2 * 1024 ** 3});
  await devboxes.stop(core.caller, 'web');
  expect(await inState(core, 'stopped')).toMatchObject({reason: 'stopped by user:anna'});
  expect(await used(core, agent)).toEqual({slots: 0, memory: 0});
  await devboxes.start(core.caller, 'web');
  await inState(core, 'running');
  expect(await used(core, agent)).toEqual({slots: 0, memory: 2 * 1024 ** 3});
  await devboxes.remove(core.caller, 'web', {now: true});
  await waitFor(async () => (await devboxes.list(core.caller.tenant)).items.length === 0);
  expect(await used(core, agent)).toEqual({slots: 0, memory: 0});
  const kinds = agent.started.map(start => start.kind);
  expect(kinds).toEqual(['devbox.create', 'devbox.stop', 'devbox.start', 'devbox.remove']);
  expect(agent.started.map(start => start.generation)).toEqual([1, 1, 1, 2]);
  expect(core.faults).toEqual([]);
});

test('a removal stops it now, waits for the grace, and can be taken back', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: succeed});
  const {devboxes, jobs} = core.core.services;
  await runningBox(core);
  const removed = await devboxes.remove(core.caller, 'web', {});
  expect(removed.devbox).toMatchObject({state: 'removing'});
  expect(removed.job?.kind).toBe('devbox.stop');
  await waitFor(async () => (await jobs.show(core.caller.tenant, removed.job!.id)).state === 'ended');
  await expect(devboxes.start(core.caller, 'web')).rejects.toMatchObject({code: 'CONFLICT'});
  expect(await devboxes.restore(core.caller, 'web')).toMatchObject({state: 'stopped'});
  await devboxes.start(core.caller, 'web');
  await inState(core, 'running');
});

test('a removal whose grace is over happens by itself', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: {...scaled(0.1), removalGrace: 200}});
  const agent = await core.agent({run: succeed});
  await runningBox(core);
  await core.core.services.devboxes.remove(core.caller, 'web', {});
  await waitFor(async () => (await core.core.services.devboxes.list(core.caller.tenant)).items.length === 0, {within: 15_000});
  expect(agent.started.at(-1)?.kind).toBe('devbox.remove');
});

test('changes of one DevBox run one after the other, at most eight wait', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const held: Start[] = [];
  const agent = await core.agent();
  const {devboxes} = core.core.services;
  await devboxes.create(core.caller, {name: 'web'});
  held.push(await waitFor(() => agent.started[0]));
  await agent.finish(held[0]!);
  await inState(core, 'running');
  const stops = await Promise.all(Array.from({length: 9}, () => devboxes.stop(core.caller, 'web')));
  await expect(devboxes.stop(core.caller, 'web')).rejects.toMatchObject({code: 'DEVBOX_BUSY'});
  for (let at = 0; at < stops.length; at++) {
    const start = await waitFor(() => agent.started[at + 1]);
    expect(agent.started.length).toBe(at + 2);
    await agent.finish(start);
  }
  expect((await show(core)).waiting).toEqual([]);
});

test('a cancelled change that waits leaves the queue', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {devboxes, jobs} = core.core.services;
  const {job} = await devboxes.create(core.caller, {name: 'web'});
  const start = await waitFor(() => agent.started[0]);
  await waitFor(async () => (await show(core)).worker !== undefined);
  const stop = await devboxes.stop(core.caller, 'web');
  expect((await show(core)).waiting).toEqual([stop.id]);
  await jobs.cancel(core.caller, stop.id, 'no');
  expect((await show(core)).waiting).toEqual([]);
  await agent.finish(start);
  expect((await jobs.show(core.caller.tenant, job.id)).outcome).toBe('succeeded');
  expect(await show(core)).toMatchObject({state: 'running'});
});

test('names are unique and the limit holds under many creations at once', async () => {
  await using core = await startTestCore({rim: await redis.rim(), limits: {devboxes: 5, historyDays: 1}});
  const {devboxes} = core.core.services;
  const answers = await Promise.allSettled(Array.from({length: 500}, (_, at) => devboxes.create(core.caller, {name: `box-${at}`})));
  expect(answers.filter(answer => answer.status === 'fulfilled').length).toBe(5);
  const codes = answers.flatMap(answer => (answer.status === 'rejected' ? [(answer.reason as {code: string}).code] : []));
  expect(new Set(codes)).toEqual(new Set(['LIMIT_REACHED']));
  const [first] = (await devboxes.list(core.caller.tenant)).items;
  await expect(devboxes.create(core.caller, {name: first!.name})).rejects.toMatchObject({code: 'NAME_TAKEN'});
  await devboxes.remove(core.caller, first!.name, {});
  await devboxes.create(core.caller, {name: first!.name});
});

test('an exec runs in the box and is found by its name', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({run: succeed});
  await runningBox(core);
  const {jobs} = core.core.services;
  const exec = await jobs.exec(core.caller, 'web', {command: ['npm', 'test'], name: 'tests'});
  const ended = await waitFor(async () => {
    const job = await jobs.show(core.caller.tenant, 'web/tests');
    return job.state === 'ended' ? job : undefined;
  });
  expect(ended).toMatchObject({id: exec.id, outcome: 'succeeded', devbox: {name: 'web'}});
  const step = agent.started.at(-1)!.steps[0]!;
  expect(step).toMatchObject({
    do: 'container.exec',
    box: agent.started[0]!.steps.find(each => each.do === 'container.create')?.spec.name,
    command: {argv: ['npm', 'test']},
  });
});

test('two live execs of a DevBox have no name in common, and the one that lives is the one that is meant', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  await core.core.services.devboxes.create(core.caller, {name: 'web'});
  await agent.finish(await waitFor(() => agent.started[0]));
  await inState(core, 'running');
  const {jobs} = core.core.services;
  const request = {command: ['serve'], name: 'dev', background: true};
  const first = await jobs.exec(core.caller, 'web', request, 'key');
  expect((await jobs.exec(core.caller, 'web', request, 'key')).id).toBe(first.id);
  await expect(jobs.exec(core.caller, 'web', request)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: `web/dev is already there: job ${first.id}.`,
    hint: 'boxyard jobs cancel web/dev, or another --name',
  });
  const start = await waitFor(() => agent.started.find(each => each.kind === 'exec'));
  expect(start.steps[0]).toMatchObject({do: 'container.exec.background', command: {argv: ['serve']}});
  expect([first.spec.ifLost, start.timeoutMs]).toEqual(['wait', undefined]);
  await agent.finish(start);
  const second = await waitFor(() => jobs.exec(core.caller, 'web', request).catch(() => undefined));
  expect((await jobs.show(core.caller.tenant, 'web/dev')).id).toBe(second.id);
  expect((await jobs.show(core.caller.tenant, `${second.devbox!.id}/dev`)).id).toBe(second.id);
  expect(core.faults).toEqual([]);
});

test.each([{timeoutMs: 1_000}, {stdin: true}, {tty: {columns: 80, rows: 24}}])(
  'a command with %o is not one for the background',
  async more => {
    await using core = await startTestCore({rim: await redis.rim()});
    await core.agent({run: succeed});
    await runningBox(core);
    const request = {command: ['serve'], background: true, ...more};
    await expect(core.core.services.jobs.exec(core.caller, 'web', request)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: {field: Object.keys(more)[0]},
    });
  },
);

test('a paused DevBox says so instead of taking a command', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  await core.core.services.devboxes.create(core.caller, {name: 'web'});
  const start = await waitFor(() => agent.started[0]);
  agent.result(start, {exit: {code: 0}}, {asOf: 10});
  const {box, engine} = await inState(core, 'running');
  agent.inventory([{name: box!, labels: {}, state: 'paused'}], 20);
  const refused = await waitFor(() =>
    core.core.services.jobs.exec(core.caller, 'web', {command: ['true']}).then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  expect(refused).toMatchObject({code: 'CONFLICT', message: 'DevBox web is paused.', hint: `${engine} unpause ${box}`});
});

test('an inventory says what became of a box, and an older one says nothing', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  await core.core.services.devboxes.create(core.caller, {name: 'web'});
  const start = await waitFor(() => agent.started[0]);
  agent.result(start, {exit: {code: 0}}, {asOf: 10});
  const {box} = await inState(core, 'running');
  agent.inventory([], 5);
  agent.inventory([{name: box!, labels: {}, state: 'exited', exit: {code: 137}}], 20);
  expect(await inState(core, 'stopped')).toMatchObject({reason: 'its main process ended with code 137'});
  agent.inventory([{name: box!, labels: {}, state: 'running'}], 15);
  agent.inventory([], 30);
  expect(await inState(core, 'failed')).toMatchObject({reason: 'its container is gone from the worker'});
});

test('a labelled box without a record is offered and can be adopted', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({run: succeed});
  const labels = {'io.boxyard.kind': 'devbox', 'io.boxyard.tenant': core.caller.tenant, 'io.boxyard.profile': 'standard'};
  agent.inventory(
    [
      {name: 'd-old-1', labels, state: 'running'},
      {name: 'other', labels: {...labels, 'io.boxyard.tenant': 't-x'}, state: 'running'},
    ],
    5,
  );
  const {workers, devboxes} = core.core.services;
  const worker = await waitFor(async () => {
    const found = await workers.show(core.caller.tenant, agent.worker);
    return found.orphans.length > 0 ? found : undefined;
  });
  expect(worker.orphans.map(box => box.name)).toEqual(['d-old-1']);
  expect(await devboxes.adopt(core.caller, {worker: agent.name, box: 'd-old-1', name: 'mine'})).toMatchObject({
    state: 'running',
    profile: 'standard',
  });
  await devboxes.stop(core.caller, 'mine');
  await waitFor(async () => (await show(core, 'mine')).state === 'stopped');
});

test('a command is not sent into a stopped DevBox, nor a snapshot asked of an engine that makes none', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: succeed, features: ['exec']});
  const {devboxes, jobs} = core.core.services;
  await runningBox(core);
  await expect(devboxes.snapshot(core.caller, 'web', {name: 'web'})).rejects.toMatchObject({code: 'UNSUPPORTED'});
  expect(await jobs.exec(core.caller, 'web', {command: ['true']})).toMatchObject({state: 'queued'});
  await devboxes.stop(core.caller, 'web');
  await inState(core, 'stopped');
  await expect(jobs.exec(core.caller, 'web', {command: ['true']})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'DevBox web is stopped.',
    hint: 'boxyard devboxes start web',
  });
  await devboxes.remove(core.caller, 'web', {});
  await expect(jobs.exec(core.caller, 'web', {command: ['true']})).rejects.toMatchObject({hint: 'boxyard devboxes restore web'});
});

test('a change of a DevBox whose worker was removed ends at once and says how to forget it', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({run: succeed, name: 'nas'});
  const {devboxes, jobs, workers} = core.core.services;
  await runningBox(core);
  await workers.remove(core.caller, 'nas');
  const asked = [await devboxes.stop(core.caller, 'web'), await jobs.exec(core.caller, 'web', {command: ['ls']})];
  for (const {id} of asked) {
    const ended = await waitFor(async () => {
      const job = await jobs.show(core.caller.tenant, id);
      return job.state === 'ended' ? job : undefined;
    });
    expect(ended).toMatchObject({outcome: 'failed', reason: {code: 'worker_removed', hint: 'boxyard devboxes remove web --forget'}});
  }
  expect(await devboxes.remove(core.caller, 'web', {forget: true})).toMatchObject({devbox: {name: 'web'}});
  expect((await devboxes.list(core.caller.tenant)).items).toEqual([]);
});

test('a DevBox whose creation was cancelled before it got to a worker is not said to be on its way', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {devboxes, jobs} = core.core.services;
  const {job} = await devboxes.create(core.caller, {name: 'web'});
  await jobs.cancel(core.caller, job.id, 'enough');
  await expect(devboxes.start(core.caller, 'web')).rejects.toMatchObject({
    message: 'DevBox web was never made.',
    hint: expect.stringContaining('boxyard devboxes remove web --now'),
  });
  await devboxes.remove(core.caller, 'web', {now: true});
  expect((await devboxes.list(core.caller.tenant)).items).toEqual([]);
});
