import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ClusterDocument, RoleDocument} from '../../src/api/index.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import type {Start} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const builder: RoleDocument = {name: 'builder', command: ['make']};
const team = (role: Partial<RoleDocument> = {}, more: Partial<ClusterDocument> = {}): ClusterDocument => ({
  name: 'team',
  roles: [{...builder, ...role}],
  ...more,
});
const at = {cluster: 'team', role: 'builder'};
const ended = ({core, caller}: TestCore, id: string) =>
  waitFor(async () => {
    const job = await core.services.jobs.show(caller.tenant, id);
    return job.state === 'ended' ? job : undefined;
  });
const envOf = (start: Start): Record<string, string> =>
  (start.steps as {do: string; spec?: {env: Record<string, string>}}[]).find(step => step.do === 'container.create')?.spec?.env ?? {};

test('applying a document makes the cluster, applying it again changes nothing, and a dry run tells the difference', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  expect(await clusters.apply(core.caller, team(), true)).toEqual({
    changes: [
      {path: 'name', to: 'team'},
      {path: 'enabled', to: true},
      {path: 'roles.builder', to: builder},
    ],
  });
  expect((await clusters.list(core.caller.tenant)).items).toEqual([]);
  const made = await clusters.apply(core.caller, team(), false);
  const again = await clusters.apply(core.caller, {roles: [{command: ['make'], name: 'builder'}], name: 'team'}, false);
  expect(again.changes).toEqual([]);
  expect(again.cluster).toEqual(made.cluster);
  const wanted = team({copies: 3, command: ['make', 'all']}, {prompt: 'Be brief.'});
  const changes = [
    {path: 'prompt', to: 'Be brief.'},
    {path: 'roles.builder.command', from: ['make'], to: ['make', 'all']},
    {path: 'roles.builder.copies', to: 3},
  ];
  expect((await clusters.apply(core.caller, wanted, true)).changes).toEqual(changes);
  expect((await clusters.show(core.caller.tenant, 'team')).v).toBe(1);
  const changed = await clusters.apply(core.caller, wanted, false);
  expect(changed.changes).toEqual(changes);
  expect(changed.cluster!.roles[0]!.id).toBe(made.cluster!.roles[0]!.id);
});

test('two who apply different documents at the same moment both succeed, and one of them is what is there', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  await Promise.all(Array.from({length: 8}, (_, copies) => clusters.apply(core.caller, team({copies: copies + 1}), false)));
  const found = await clusters.show(core.caller.tenant, 'team');
  expect((await clusters.list(core.caller.tenant)).items.length).toBe(1);
  expect(found.roles.length).toBe(1);
});

test('a run of a role is a job with its children, which knows what it is of', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({run: () => ({result: {exit: {code: 0}}})});
  const {clusters, jobs} = core.core.services;
  const instructions = 'Build.';
  await clusters.apply(core.caller, team({copies: 2, env: {A: 'b'}, instructions, prompt: 'Go.'}, {prompt: 'We build.'}), false);
  const job = await clusters.run(core.caller, at, {inputs: {branch: 'main'}});
  expect(job.origin).toMatchObject({cluster: {name: 'team'}, role: {name: 'builder'}, trigger: {type: 'manual'}});
  expect(await ended(core, job.id)).toMatchObject({outcome: 'succeeded', children: {total: 2, succeeded: 2}});
  expect(envOf(agent.started[0]!)).toMatchObject({
    A: 'b',
    BOXYARD_CLUSTER: 'team',
    BOXYARD_ROLE: 'builder',
    BOXYARD_TRIGGER: 'manual',
    BOXYARD_INPUT_BRANCH: 'main',
    BOXYARD_PROMPT: 'Go.',
    BOXYARD_SYSTEM_PROMPT: 'We build.\n\n## Your Role: builder\n\nBuild.',
    BOXYARD_PARENT_ID: job.id,
  });
  const role = (await clusters.show(core.caller.tenant, 'team')).roles[0]!;
  expect((await jobs.list(core.caller.tenant, {role: role.id, limit: 10})).items.map(found => found.id)).toEqual([job.id]);
  expect(role).toMatchObject({running: 0, queued: 0});
});

test('no more runs of a role go on than may, however many ask at once; those beyond are refused and nothing of them is left', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 8});
  const {clusters, jobs} = core.core.services;
  await clusters.apply(core.caller, team({maxConcurrency: 2, copies: 3}), false);
  const asked = await Promise.allSettled(Array.from({length: 10}, () => clusters.run(core.caller, at, {})));
  const [let_in, refused] = [asked.filter(one => one.status === 'fulfilled'), asked.filter(one => one.status === 'rejected')];
  expect(let_in.length).toBe(2);
  expect(refused[0]!.reason).toMatchObject({
    code: 'LIMIT_REACHED',
    message: expect.stringContaining('runs of team/builder at one time is 2'),
  });
  expect((await clusters.showRole(core.caller.tenant, 'team', 'builder')).running).toBe(2);
  await waitFor(() => agent.started.length === 6);
  for (const start of [...agent.started]) await agent.finish(start);
  for (const one of let_in) await ended(core, one.value.id);
  expect((await clusters.showRole(core.caller.tenant, 'team', 'builder')).running).toBe(0);
  const parents = (await jobs.list(core.caller.tenant, {limit: 100})).items.filter(job => job.parent === undefined);
  expect(parents.length).toBe(2);
});

test('runs that may wait go on one after the other, in their order', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 8});
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, team({overlap: 'queue', copies: 2}), false);
  const runs = [];
  for (let run = 0; run < 3; run += 1) runs.push(await clusters.run(core.caller, at, {}));
  expect(runs[1]).toMatchObject({state: 'queued', reason: {code: 'role_busy', message: expect.stringContaining('runs at most once')}});
  expect(await clusters.showRole(core.caller.tenant, 'team', 'builder')).toMatchObject({running: 1, queued: 2});
  for (const [number, run] of runs.entries()) {
    await waitFor(() => agent.started.length === (number + 1) * 2);
    for (const start of agent.started.slice(number * 2)) expect(envOf(start)['BOXYARD_PARENT_ID']).toBe(run.id);
    for (const start of agent.started.slice(number * 2)) await agent.finish(start);
    await ended(core, run.id);
  }
});

test('a run that waits is cancelled at once, with its children counted', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent();
  const {clusters, jobs} = core.core.services;
  await clusters.apply(core.caller, team({overlap: 'queue', copies: 4}), false);
  await clusters.run(core.caller, at, {});
  const waiting = await clusters.run(core.caller, at, {});
  expect(await jobs.cancel(core.caller, waiting.id, 'enough')).toMatchObject({
    state: 'ended',
    outcome: 'cancelled',
    children: {total: 4, cancelled: 4, queued: 0},
  });
  expect(await clusters.showRole(core.caller.tenant, 'team', 'builder')).toMatchObject({running: 1, queued: 0});
});

test('a newer run takes the place of the one that goes on, where the role says so', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, team({overlap: 'replace'}), false);
  const first = await clusters.run(core.caller, at, {});
  const start = await waitFor(() => agent.started[0]);
  const second = await clusters.run(core.caller, at, {});
  await waitFor(() => agent.received.find(message => message.type === 'job.cancel'));
  await agent.finish(start, {result: {cancelled: 'a newer run takes its place'}});
  expect((await ended(core, first.id)).outcome).toBe('cancelled');
  await waitFor(() => agent.started.find(each => each.job === second.id));
});

test('asking again for a run that took another’s place ends nothing, though the answer was lost', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters, jobs} = core.core.services;
  await clusters.apply(core.caller, team({overlap: 'replace'}), false);
  const first = await clusters.run(core.caller, at, {}, 'key');
  await waitFor(() => agent.started[0]);
  expect((await clusters.run(core.caller, at, {}, 'key')).id).toBe(first.id);
  expect((await jobs.show(core.caller.tenant, first.id)).cancelRequested).toBeUndefined();
});

test('a disabled cluster runs nothing, and disabling or removing it ends what runs', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, team({overlap: 'queue'}), false);
  const [going, waiting] = [await clusters.run(core.caller, at, {}), await clusters.run(core.caller, at, {})];
  const start = await waitFor(() => agent.started[0]);
  await clusters.update(core.caller, 'team', {enabled: false});
  expect((await ended(core, waiting.id)).outcome).toBe('cancelled');
  await waitFor(() => agent.received.find(message => message.type === 'job.cancel'));
  await agent.finish(start, {result: {cancelled: 'off'}});
  await ended(core, going.id);
  await expect(clusters.run(core.caller, at, {})).rejects.toMatchObject({code: 'FORBIDDEN', hint: 'boxyard clusters enable team'});
  await clusters.remove(core.caller, 'team');
  await expect(clusters.run(core.caller, at, {})).rejects.toMatchObject({code: 'NOT_FOUND'});
  expect(agent.started.length).toBe(1);
});

test('a run with the same idempotency key is the same run', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent();
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, team(), false);
  const first = await clusters.run(core.caller, at, {}, 'key');
  expect((await clusters.run(core.caller, at, {}, 'key')).id).toBe(first.id);
  await expect(clusters.run(core.caller, at, {prompt: 'other'}, 'key')).rejects.toMatchObject({code: 'IDEMPOTENCY_MISMATCH'});
});

test('another tenant’s cluster is not there', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const {clusters} = core.core.services;
  const {cluster} = await clusters.apply(core.caller, team(), false);
  const foreign = {...core.caller, tenant: `t-${'f'.repeat(26)}`};
  for (const name of ['team', cluster!.id]) {
    await expect(clusters.show(foreign.tenant, name)).rejects.toMatchObject({code: 'NOT_FOUND'});
    await expect(clusters.run(foreign, {cluster: name, role: 'builder'}, {})).rejects.toMatchObject({code: 'NOT_FOUND'});
    await expect(clusters.remove(foreign, name)).rejects.toMatchObject({code: 'NOT_FOUND'});
  }
});

test.each<[string, Partial<RoleDocument>, string]>([
  [
    'a quorum nobody can meet',
    {copies: 2, failurePolicy: 'quorum 3'},
    'roles.builder.failurePolicy: a quorum of 3 cannot be met by 2 children',
  ],
  ['more children than may be', {copies: 10_000, matrix: {os: ['a', 'b']}}, 'roles.builder: makes 20000 children'],
  ['a policy without children', {failurePolicy: 'first'}, 'needs copies, each or matrix too'],
  ['a watch of a folder that no role of the cluster has', {triggers: {watch: ['shared/none/a.md']}}, 'roles.builder.triggers.watch.0'],
  ['a watch of a folder of a role that is not there', {triggers: {watch: ['roles/other/cache']}}, 'roles.builder.triggers.watch.0'],
  ['a time of nothing', {timeout: '0s'}, 'is too small'],
])('%s is refused when it is written, and nothing of it is stored', async (_, role, issue) => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  await expect(clusters.apply(core.caller, team(role), false)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining(issue),
  });
  await expect(clusters.apply(core.caller, {name: 'team', roles: [builder, builder]}, false)).rejects.toThrow('builder is there twice');
  expect((await clusters.list(core.caller.tenant)).items).toEqual([]);
});

test('a role added, put and removed by itself leaves the others', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  await clusters.create(core.caller, team());
  await expect(clusters.create(core.caller, team())).rejects.toMatchObject({code: 'NAME_TAKEN'});
  const added = await clusters.addRole(core.caller, 'team', {name: 'tester', command: ['test']});
  expect(added.roles.map(role => role.name)).toEqual(['builder', 'tester']);
  const put = await clusters.putRole(core.caller, 'team', 'tester', {name: 'tester', command: ['test', '-v']});
  expect(put.roles[1]).toMatchObject({id: added.roles[1]!.id, command: ['test', '-v']});
  await clusters.removeRole(core.caller, 'team', 'builder');
  expect((await clusters.show(core.caller.tenant, 'team')).roles.map(role => role.name)).toEqual(['tester']);
  const watch = {name: 'watcher', command: ['look'], triggers: {watch: ['roles/tester/cache']}};
  await expect(clusters.addRole(core.caller, 'team', watch)).rejects.toThrow('roles.watcher.triggers.watch.0');
  await clusters.putRole(core.caller, 'team', 'tester', {name: 'tester', command: ['test'], folders: ['cache']});
  expect((await clusters.addRole(core.caller, 'team', watch)).roles.length).toBe(2);
});

test('a run that is retried is a run of its role again, told what the first was told, and let in as the role says now', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const indexOf = (start: Start) => envOf(start)['BOXYARD_COPY_INDEX'];
  const agent = await core.agent({run: start => ({result: {exit: {code: indexOf(start) === '1' ? 1 : 0}}})});
  const {clusters, jobs} = core.core.services;
  const folders = ['plans'];
  await clusters.apply(
    core.caller,
    team({copies: 2, command: ['make', '{{SELF_ROLE_NAME}}']}, {prompt: 'For {{SELF_ROLE_NAME}}.', folders}),
    false,
  );
  const first = await clusters.run(core.caller, {...at, trigger: {type: 'webhook'}}, {prompt: 'Mend it.', payload: '{"a":1}'});
  expect(await ended(core, first.id)).toMatchObject({partial: true});
  const again = await jobs.retry(core.caller, first.id, {failed: true});
  expect(again.origin).toEqual(first.origin);
  await ended(core, again.id);
  const [told, ...others] = agent.started.slice(2);
  expect(others).toEqual([]);
  expect(envOf(told!)).toMatchObject({
    BOXYARD_ROLE: 'builder',
    BOXYARD_TRIGGER: 'webhook',
    BOXYARD_PROMPT: 'Mend it.',
    BOXYARD_SYSTEM_PROMPT: 'For builder.',
    BOXYARD_WEBHOOK_PAYLOAD: '{"a":1}',
    BOXYARD_OUT_DIR: `shared/out/${again.id}/1`,
  });
  expect((await clusters.runs(core.caller.tenant, 'team', {limit: 10})).items.map(run => run.id)).toEqual([again.id, first.id]);
  await clusters.update(core.caller, 'team', {enabled: false});
  await expect(jobs.retry(core.caller, first.id, {})).rejects.toMatchObject({code: 'FORBIDDEN'});
  await clusters.remove(core.caller, 'team');
  await expect(jobs.retry(core.caller, first.id, {})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('no longer'),
  });
});

test('a retry of a run counts as one of those that may go on at one time, or waits where the role says queue', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters, jobs} = core.core.services;
  await clusters.apply(core.caller, team(), false);
  const first = await clusters.run(core.caller, at, {});
  await waitFor(async () => agent.started[0]);
  await agent.finish(agent.started[0]!);
  await ended(core, first.id);
  const busy = await clusters.run(core.caller, at, {});
  await expect(jobs.retry(core.caller, first.id, {})).rejects.toMatchObject({code: 'LIMIT_REACHED'});
  await clusters.apply(core.caller, team({overlap: 'queue'}), false);
  const waiting = await jobs.retry(core.caller, first.id, {});
  expect(waiting).toMatchObject({state: 'queued', reason: {code: 'role_busy'}});
  await clusters.apply(core.caller, team({overlap: 'replace'}), false);
  await jobs.retry(core.caller, first.id, {});
  await waitFor(() => agent.received.find(message => message.type === 'job.cancel' && message.job === busy.id));
});
