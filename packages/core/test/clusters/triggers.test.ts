import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ClusterDocument, RoleDocument} from '../../src/api/index.ts';
import {createEventStore} from '../../src/events/store.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import type {Start} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const team = (role: Partial<RoleDocument> = {}): ClusterDocument => ({
  name: 'team',
  roles: [{name: 'builder', command: ['make'], ...role}],
});
const at = {cluster: 'team', role: 'builder'};
const envOf = (start: Start): Record<string, string> =>
  (start.steps as {do: string; spec?: {env: Record<string, string>}}[]).find(step => step.do === 'container.create')?.spec?.env ?? {};

/** Schedules have minutes, so the row is moved to where its time would have come. */
const comeDue = async (core: TestCore, role: string, at: number) => {
  const {cluster} = (await core.core.services.clusters.apply(core.caller, scheduled, false)) as {cluster: {id: string}};
  await core.rim.ask(redis => redis.zadd(core.rim.keys.due, at, `c:${cluster.id}:${role}`));
};
const scheduled = team({triggers: {cron: [{schedule: '* * * * *'}]}});
const lastMinute = (now: number) => Math.floor(now / 60_000) * 60_000;

test('a schedule starts one run at its time, whoever looks how often, and the next time is written', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  await using other = await startTestCore({rim, tenant: core.caller.tenant});
  const {clusters, jobs} = core.core.services;
  const {cluster} = await clusters.apply(core.caller, scheduled, false);
  const role = cluster!.roles[0]!;
  expect(Date.parse(role.next!)).toBeGreaterThan(rim.clock.now());
  const due = lastMinute(rim.clock.now());
  await comeDue(core, role.id, due);
  await Promise.all([core.core.sweep(), other.core.sweep()]);
  const [run] = await waitFor(async () => {
    const {items} = await jobs.list(core.caller.tenant, {role: role.id, limit: 10});
    return items.length > 0 ? items : undefined;
  });
  expect(run).toMatchObject({
    actor: 'trigger:team',
    origin: {trigger: {type: 'cron', schedule: '* * * * *', at: new Date(due).toISOString()}},
  });
  await comeDue(core, role.id, due);
  await core.core.sweep();
  await waitFor(async () => Number(await rim.ask(redis => redis.zscore(rim.keys.due, `c:${cluster!.id}:${role.id}`))) > rim.clock.now());
  expect((await jobs.list(core.caller.tenant, {role: role.id, limit: 10})).items.length).toBe(1);
});

test('a time that passed while no server was there is made up for once, and one that is not let in is told', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const {clusters, jobs} = core.core.services;
  const {cluster} = await clusters.apply(core.caller, scheduled, false);
  const role = cluster!.roles[0]!;
  await comeDue(core, role.id, lastMinute(rim.clock.now()) - 3_600_000);
  await core.core.sweep();
  await waitFor(async () => (await jobs.list(core.caller.tenant, {role: role.id, limit: 10})).items.length === 1);
  await comeDue(core, role.id, lastMinute(rim.clock.now()));
  await core.core.sweep();
  const events = createEventStore(rim);
  const refused = await waitFor(async () =>
    (await events.read(core.caller.tenant, '0-0', 1_000)).events.find(event => event.type === 'role.refused'),
  );
  expect(refused).toMatchObject({actor: 'trigger:team', data: {role: role.id, code: 'LIMIT_REACHED'}});
  expect((await jobs.list(core.caller.tenant, {role: role.id, limit: 10})).items.length).toBe(1);
});

test('a disabled cluster, or a role without schedules, has no time to come', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const {clusters} = core.core.services;
  const rows = async () => (await rim.ask(redis => redis.zrange(rim.keys.due, '0', '-1'))).filter(row => row.startsWith('c:'));
  await clusters.apply(core.caller, scheduled, false);
  expect((await rows()).length).toBe(1);
  await clusters.update(core.caller, 'team', {enabled: false});
  expect(await rows()).toEqual([]);
  await clusters.update(core.caller, 'team', {enabled: true});
  expect((await rows()).length).toBe(1);
  await clusters.apply(core.caller, team(), false);
  expect(await rows()).toEqual([]);
  await clusters.apply(core.caller, scheduled, false);
  await clusters.remove(core.caller, 'team');
  expect(await rows()).toEqual([]);
});

test('a caller from outside starts a run with its payload, unless the role wants none', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, team(), false);
  const place = {...at, trigger: {type: 'webhook' as const}};
  await clusters.run(core.caller, place, {prompt: 'Mend it.', payload: '{"branch":"main"}'});
  const start = await waitFor(() => agent.started[0]);
  expect(envOf(start)).toMatchObject({
    BOXYARD_TRIGGER: 'webhook',
    BOXYARD_PROMPT: 'Mend it.',
    BOXYARD_WEBHOOK_PAYLOAD: '{"branch":"main"}',
  });
  await clusters.apply(core.caller, team({triggers: {webhook: false}}), false);
  await expect(clusters.run(core.caller, place, {})).rejects.toMatchObject({code: 'FORBIDDEN'});
});

test('what owners wrote knows its job, what comes from outside is text, and no payload gets into a command', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters} = core.core.services;
  const role = {
    command: ['sh', '-c', 'echo {{SELF_WORKER_ID}} {{SELF_ROLE_NAME}} {{else}}'],
    prompt: 'On {{WEBHOOK_PAYLOAD}}',
    instructions: 'You are {{SELF_ROLE_NAME}} {{SELF_WORKER_ID}}.',
    copies: 2,
    maxConcurrency: 5,
  };
  await clusters.apply(core.caller, {...team(role), prompt: 'All in {{CLUSTER_HOME}}.'}, false);
  const started = async (request: {prompt?: string; payload?: string}, from: number) => {
    await clusters.run(core.caller, {...at, trigger: {type: 'webhook'}}, request);
    return waitFor(() => (agent.started.length >= from + 2 ? agent.started.slice(from) : undefined));
  };
  const mainOf = (start: Start) => (start.steps.find(step => step.do === 'container.create') as {spec: {main: string[]}}).spec.main;
  const payload = '{"a":"{{SELF_WORKER_ID}}"}';
  for (const start of await started({payload}, 0)) {
    expect(mainOf(start)[2]).toBe(`echo ${start.job} builder {{else}}`);
    expect(envOf(start)).toMatchObject({
      BOXYARD_PROMPT: `On ${payload}`,
      BOXYARD_SYSTEM_PROMPT: `All in /workspace.\n\n## Your Role: builder\n\nYou are builder ${start.job}.`,
    });
  }
  for (const start of await started({prompt: 'Tell {{SELF_WORKER_ID}}'}, 2))
    expect(envOf(start)['BOXYARD_PROMPT']).toBe('Tell {{SELF_WORKER_ID}}');
  const unsafe = team({command: ['sh', '-c', 'echo {{WEBHOOK_PAYLOAD}}']});
  await expect(clusters.apply(core.caller, unsafe, false)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('is not put into commands'),
  });
});
