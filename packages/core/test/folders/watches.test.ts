import {afterAll, beforeAll, expect, test} from 'vitest';
import type {RoleDocument} from '../../src/api/index.ts';
import {lookAtWatch} from '../../src/folders/watches.ts';
import {readWatches} from '../../src/folders/store.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import type {Start} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';
import {at, indexOf, packOf, put, sendPack, startedAfter, team} from './folders-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const watcher: RoleDocument = {
  name: 'watcher',
  prompt: 'Look at {{WEBHOOK_PAYLOAD}}',
  command: ['look'],
  maxConcurrency: 10,
  triggers: {watch: ['shared/plans']},
};
const envOf = (start: Start): Record<string, string> =>
  (start.steps as {do: string; spec?: {env: Record<string, string>}}[]).find(step => step.do === 'container.create')?.spec?.env ?? {};

async function open(core: TestCore, document = team({}, watcher)) {
  const {cluster} = await core.core.services.clusters.apply(core.caller, document, false);
  const [builder, role] = cluster!.roles;
  const row = `f:${cluster!.id}:${role!.id}`;
  return {
    cluster: cluster!.id,
    builder: builder!.id,
    role: role!.id,
    due: async () => core.rim.ask(redis => redis.zscore(core.rim.keys.due, row)),
    /** Its debounce is over: time is not waited for. */
    comeDue: async () => {
      const [watch] = await readWatches(core.rim, [role!.id]);
      await core.rim.ask(redis => redis.set(core.rim.keys.watch(role!.id), JSON.stringify({...watch, first: 1, last: 1})));
      await core.rim.ask(redis => redis.zadd(core.rim.keys.due, 1, row));
    },
    runs: async () => (await core.core.services.jobs.list(core.caller.tenant, {role: role!.id, limit: 50})).items,
  };
}

test('changes by a person start one run 5 s behind the last of them, with their list', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const it = await open(core);
  await put(core, {'a.md': '1'});
  const first = Number(await it.due());
  expect(first - core.rim.clock.now()).toBeGreaterThan(3_000);
  await put(core, {'b.md': '1'});
  expect(Number(await it.due())).toBeGreaterThanOrEqual(first);
  await put(core, {'b.md': '1'});
  await core.core.sweep();
  expect(await it.runs()).toEqual([]);
  await it.comeDue();
  await core.core.sweep();
  const start = await startedAfter(agent, 0);
  const [run] = await it.runs();
  expect(run).toMatchObject({
    actor: 'trigger:team',
    origin: {trigger: {type: 'file_watch', files: ['shared/plans/a.md', 'shared/plans/b.md']}},
  });
  const told = JSON.parse(envOf(start)['BOXYARD_CHANGED_FILES']!);
  expect(told[0]).toEqual({path: 'shared/plans/a.md', is: 'changed'});
  expect(envOf(start)).toMatchObject({
    BOXYARD_TRIGGER: 'file_watch',
    BOXYARD_PROMPT: `Look at ${envOf(start)['BOXYARD_CHANGED_FILES']}`,
  });
  await waitFor(async () => (await it.due()) === null);
});

test('a role does not see what its own jobs do, and sees what those of another do', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const it = await open(core, team({triggers: {watch: ['shared/plans']}}, watcher));
  await core.core.services.clusters.run(core.caller, at, {});
  const start = await startedAfter(agent, 0);
  agent.running(start);
  await indexOf(agent, start);
  await sendPack(agent, start, packOf({'shared/plans/x': '1'}));
  expect(await it.due()).not.toBeNull();
  expect(await core.rim.ask(redis => redis.zscore(core.rim.keys.due, `f:${it.cluster}:${it.builder}`))).toBeNull();
});

test('servers that look at once start one run; one that died behind any step is gone on for by the next look', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const it = await open(core);
  const {clusters} = core.core.services;
  const noteDue = () => undefined;
  await put(core, {'a.md': '1'});
  await it.comeDue();
  // It dies with the run accepted and nothing written of that.
  const dies: typeof clusters.run = async (...args) => {
    await clusters.run(...args);
    throw new Error('killed');
  };
  await expect(lookAtWatch({rim, run: dies, noteDue}, it.cluster, it.role)).rejects.toThrow();
  await put(core, {'b.md': '1'});
  await Promise.all([1, 2, 3].map(() => lookAtWatch({rim, run: clusters.run, noteDue}, it.cluster, it.role)));
  expect((await it.runs()).map(run => run.origin?.trigger.files)).toEqual([['shared/plans/a.md']]);
  await it.comeDue();
  await Promise.all([1, 2, 3].map(() => lookAtWatch({rim, run: clusters.run, noteDue}, it.cluster, it.role)));
  expect((await it.runs()).map(run => run.origin?.trigger.files)).toContainEqual(['shared/plans/b.md']);
  expect((await it.runs()).length).toBe(2);
});

test('a run that is not let in is told as an event, and what changes later starts the next', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const it = await open(core, team({}, {...watcher, maxConcurrency: 1}));
  for (const n of [1, 2]) {
    await put(core, {'a.md': `${n}`});
    await it.comeDue();
    await core.core.sweep();
    await waitFor(async () => (await it.due()) === null);
  }
  expect((await it.runs()).length).toBe(1);
});

test('a cluster that is disabled, or a role that is gone or watches no more, has nothing to come', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const it = await open(core);
  const {clusters} = core.core.services;
  await put(core, {'a.md': '1'});
  await clusters.update(core.caller, 'team', {enabled: false});
  await put(core, {'c.md': '1'});
  await it.comeDue();
  await core.core.sweep();
  await waitFor(async () => (await it.due()) === null);
  await clusters.update(core.caller, 'team', {enabled: true});
  expect(await it.runs()).toEqual([]);
  await put(core, {'b.md': '1'});
  await clusters.apply(core.caller, team(), false);
  expect(await it.due()).toBeNull();
  expect(await core.rim.ask(redis => redis.exists(core.rim.keys.watch(it.role)))).toBe(0);
});
