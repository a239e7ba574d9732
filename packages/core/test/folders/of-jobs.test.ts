import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';
import {asked, at, indexOf, packOf, pathsIn, put, sendPack, sha, startedAfter, team, withTail} from './folders-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

async function scene(document = team()) {
  const core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const {clusters} = core.core.services;
  await clusters.apply(core.caller, document, false);
  let runs = 0;
  const run = async () => {
    const view = await clusters.run(core.caller, at, {});
    const start = await startedAfter(agent, runs++);
    agent.running(start);
    return {start, view};
  };
  return {core, agent, run, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]()};
}

test('a job gets its folders as steps, with its own place for what it brings', async () => {
  await using it = await scene(team({folders: ['cache'], keepPrivate: '1h', mirror: true}));
  const {start, view} = await it.run();
  const steps = start.steps.map(step => step.do);
  expect(steps).toEqual(['image.pull', 'container.create', 'folders.fetch', 'container.start', 'container.wait', 'folders.store']);
  const out = `shared/out/${view.id}/0`;
  expect(start.steps.at(-1)).toMatchObject({at: ['shared/plans', out, 'role/cache', 'private'], mirror: true});
  expect((await indexOf(it.agent, start)).dirs).toEqual(['shared/plans', out, 'role/cache', 'private']);
});

test('an attempt finds what was there when it first asked, however often it asks, and from any place on', async () => {
  await using it = await scene();
  await put(it.core, {'a.md': 'first', empty: '', 'sub/b.md': 'deep'});
  const {start} = await it.run();
  const pack = await asked(it.agent, start, 'folders');
  const length = pack.readUInt32BE(0);
  expect(JSON.parse(pack.subarray(4, 4 + length).toString()).files.map((file: {path: string}) => file.path)).toEqual([
    'shared/plans/a.md',
    'shared/plans/empty',
    'shared/plans/sub/b.md',
  ]);
  expect(pack.subarray(4 + length).toString()).toBe('firstdeep');
  await put(it.core, {'a.md': 'second'});
  expect(await asked(it.agent, start, 'folders')).toEqual(pack);
  expect((await indexOf(it.agent, (await it.run()).start)).files[0]).toMatchObject({hash: sha('second')});
});

test('of two jobs that changed one file both versions are there, and both runs say so', async () => {
  await using it = await scene();
  const {core, agent} = it;
  await put(core, {'a.md': 'old'});
  const [one, two] = [await it.run(), await it.run()];
  await indexOf(agent, one.start);
  await indexOf(agent, two.start);
  expect((await sendPack(agent, one.start, packOf({'shared/plans/a.md': 'one', 'shared/plans/one': '1'}))).notes).toBeUndefined();
  const {notes} = await sendPack(agent, two.start, packOf({'shared/plans/a.md': 'two', 'shared/plans/two': '2'}));
  const kept = `shared/plans/a.md.conflict-${two.start.job}`;
  expect(notes).toEqual([`shared/plans/a.md was changed by another job too: this one's is kept as ${kept}`]);
  expect(await pathsIn(core)).toEqual(['shared/plans/a.md', kept, 'shared/plans/one', 'shared/plans/two']);
  await agent.finish(two.start);
  const shown = await core.core.services.jobs.show(core.caller.tenant, two.view.id);
  expect(shown.conflicts).toEqual([{path: 'shared/plans/a.md', kept, job: two.start.job}]);
  expect((await core.core.services.jobs.show(core.caller.tenant, one.view.id)).conflicts).toBeUndefined();
});

test('twenty jobs that end at once lose nothing of each other', async () => {
  await using it = await scene(team({copies: 20}));
  const {core, agent} = it;
  const fast = await core.agent({slots: 20});
  const run = await core.core.services.clusters.run(core.caller, at, {});
  const starts = await waitFor(() => {
    const all = [...agent.started.map(start => ({agent, start})), ...fast.started.map(start => ({agent: fast, start}))];
    return all.length === 20 ? all : undefined;
  });
  await Promise.all(starts.map(({agent: by, start}) => indexOf(by, start)));
  await Promise.all(
    starts.map(({agent: by, start}, n) => sendPack(by, start, packOf({[`shared/plans/from-${n}`]: `${n}`, 'shared/plans/all': `${n}`}))),
  );
  const paths = await pathsIn(core, 'shared/plans');
  expect(paths.filter(path => path.startsWith('shared/plans/from-')).length).toBe(20);
  expect(paths.filter(path => path.startsWith('shared/plans/all')).length).toBe(20);
  expect((await core.core.services.jobs.show(core.caller.tenant, run.id)).conflicts?.length).toBe(19);
  expect(core.faults).toEqual([]);
});

test('what was stored once is not stored again, also where somebody changed it since', async () => {
  await using it = await scene();
  const {core, agent} = it;
  const {start} = await it.run();
  await indexOf(agent, start);
  const pack = packOf({'shared/plans/a.md': 'mine'});
  await sendPack(agent, start, pack);
  await put(core, {'a.md': 'theirs'});
  await sendPack(agent, start, pack);
  expect(await pathsIn(core)).toEqual(['shared/plans/a.md']);
});

test('what a job deleted stays for the others, and goes where the role mirrors', async () => {
  await using it = await scene(team({mirror: true}));
  const {core, agent} = it;
  await put(core, {a: '1', b: '1'});
  const {start} = await it.run();
  await indexOf(agent, start);
  await put(core, {b: '2'});
  await sendPack(agent, start, packOf({}, {gone: ['shared/plans/a', 'shared/plans/b']}));
  expect(await pathsIn(core)).toEqual(['shared/plans/b']);
});

test('a job whose attempt is no longer the present one writes nothing', async () => {
  await using it = await scene();
  const {core, agent} = it;
  const {start, view} = await it.run();
  await indexOf(agent, start);
  await agent.finish(start);
  agent.send({type: 'file.put', stream: 77, job: start.job, attempt: start.attempt, what: 'folders', from: 0});
  await core.core.services.jobs.show(core.caller.tenant, view.id);
  const pack = packOf({'shared/plans/late': 'x'});
  agent.data(77, 0, pack);
  agent.send({type: 'stream.end', stream: 77, length: pack.length});
  agent.send({type: 'file.get', stream: 78, job: start.job, attempt: start.attempt, what: {blob: 'folders-base'}, from: 0});
  await put(core, {known: 'y'});
  expect(await pathsIn(core)).toEqual(['shared/plans/known']);
});

const hostile: Readonly<Record<string, Buffer>> = {
  'a path that leads out': packOf({'shared/plans/../../../etc/cron.d/x': 'x'}),
  'an absolute path': packOf({'/etc/passwd': 'x'}),
  'a folder that is not its own': packOf({'shared/secrets/x': 'x'}),
  'the place of another copy': packOf({'shared/out/j-other/0/x': 'x'}),
  'a name that a terminal would obey': packOf({'shared/plans/\u001b]0;x\u0007': 'x'}),
  'other bytes than it says': packOf({'shared/plans/x': 'x'}, {contents: [{hash: sha('y'), bytes: 1}]}),
  'bytes by a hash that it never had': packOf(
    {},
    {contents: [], files: [{path: 'shared/plans/x', hash: sha('hidden'), bytes: 6, exec: false}]},
  ),
  'fewer bytes than it says': packOf({'shared/plans/x': 'x'}, {contents: [{hash: sha('x'), bytes: 100}]}),
  'more bytes than it says': withTail('xyz', '{"contents":[],"files":[],"gone":[]}'),
  'a file that is there twice': packOf({'shared/plans/x': 'x'}, {gone: ['shared/plans/x']}),
  'no list': Buffer.from('hello'),
  'a list that is too long': Buffer.from([0xff, 0xff, 0xff, 0xff]),
  'a list that is none': withTail('', '[]'),
  'a size below nothing': packOf({'shared/plans/x': 'x'}, {contents: [{hash: sha('x'), bytes: -1}]}),
};
test.each(Object.entries(hostile))('a worker that sends %s is refused, and nothing of it is in any folder', async (_name, bytes) => {
  await using it = await scene();
  const {core, agent} = it;
  await put(core, {hidden: 'seen', other: 'seen'});
  const {start} = await it.run();
  await indexOf(agent, start);
  const answer = await sendPack(agent, start, bytes);
  expect(answer.error?.code).toBe('INVALID_INPUT');
  expect(await pathsIn(core)).toEqual(['shared/plans/hidden', 'shared/plans/other']);
});

test('more than a tenant may have is refused with the way out, and the job can be told so', async () => {
  await using core = await startTestCore({rim: await redis.rim(), limits: {devboxes: -1, historyDays: 365, folderBytes: 10}});
  const agent = await core.agent();
  await core.core.services.clusters.apply(core.caller, team(), false);
  await put(core, {a: '12345678'});
  await core.core.services.clusters.run(core.caller, at, {});
  const start = await startedAfter(agent, 0);
  agent.running(start);
  await indexOf(agent, start);
  expect((await sendPack(agent, start, packOf({'shared/plans/b': '123'}))).error).toMatchObject({code: 'LIMIT_REACHED'});
  await core.core.services.folders.remove(core.caller, 'team', 'shared/plans/a');
  expect((await sendPack(agent, start, packOf({'shared/plans/b': '123'}))).error).toBeUndefined();
  expect(await pathsIn(core)).toEqual(['shared/plans/b']);
});

test('two servers that store for two jobs at once merge what both bring', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bxf-'));
  const rim = await redis.rim();
  await using one = await startTestCore({rim, dir});
  await using two = await startTestCore({rim, dir, tenant: one.caller.tenant});
  const [a, b] = [await one.agent({slots: 1}), await two.agent({slots: 1})];
  await one.core.services.clusters.apply(one.caller, team({copies: 2}), false);
  await one.core.services.clusters.run(one.caller, at, {});
  // The other server hears of it as every server does: by its sweep.
  const swept = async () => (await two.core.sweep(), b.started[0]);
  const [ofA, ofB] = await Promise.all([startedAfter(a, 0), waitFor(swept)]);
  a.running(ofA);
  b.running(ofB);
  await Promise.all([indexOf(a, ofA), indexOf(b, ofB)]);
  await Promise.all([sendPack(a, ofA, packOf({'shared/plans/a': 'a'})), sendPack(b, ofB, packOf({'shared/plans/b': 'b'}))]);
  expect(await pathsIn(one)).toEqual(['shared/plans/a', 'shared/plans/b']);
  expect(await pathsIn(two)).toEqual(['shared/plans/a', 'shared/plans/b']);
  rmSync(dir, {recursive: true, force: true});
});

test('a role of one worker runs there, and elsewhere only where that one is no more', async () => {
  await using it = await scene(team({copies: 3, sameWorker: true}));
  const {core, agent} = it;
  const other = await core.agent();
  const {clusters, jobs, workers} = core.core.services;
  const placesOfRun = async () => {
    const {id} = await clusters.run(core.caller, at, {});
    const items = await waitFor(async () => {
      const found = (await jobs.list(core.caller.tenant, {parent: id, limit: 10})).items;
      return found.length === 3 && found.every(child => child.worker !== undefined) ? found : undefined;
    });
    for (const start of [...agent.started, ...other.started]) agent.result(start, {exit: {code: 0}});
    await jobs.cancel(core.caller, id, 'seen');
    return new Set(items.map(child => child.worker!.id));
  };
  const first = await placesOfRun();
  expect(first.size).toBe(1);
  expect(await placesOfRun()).toEqual(first);
  const [home] = first;
  (home === agent.worker ? agent : other).kill();
  await workers.remove(core.caller, home!);
  expect([...(await placesOfRun())]).toEqual([home === agent.worker ? other.worker : agent.worker]);
});

test('jobs of a role of one worker share the directory of one key, which is no other role’s, no other tenant’s and nobody else’s', async () => {
  const keysOf = async (document = team({copies: 2, sameWorker: true, folders: ['cache']})) => {
    await using it = await scene(document);
    await it.core.core.services.clusters.run(it.core.caller, at, {});
    const starts = [await startedAfter(it.agent, 0), await startedAfter(it.agent, 1)];
    const keys = starts.map(({steps}) => steps.find(step => step.do === 'container.create')!.spec.live?.key);
    expect(keys[0]).toBe(keys[1]);
    return keys;
  };
  const [one] = await keysOf();
  const [two] = await keysOf();
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(two).not.toBe(one);
  expect(await keysOf(team({copies: 2}))).toEqual([undefined, undefined]);
});

test('a retry of what failed gathers what earlier runs brought too, but for what was done again, all as of its own run', async () => {
  await using it = await scene(team({copies: 2, gather: ['collect']}));
  const {core, agent} = it;
  const {jobs} = core.core.services;
  const run = await core.core.services.clusters.run(core.caller, at, {});
  for (const copy of [0, 1]) {
    const start = await startedAfter(agent, copy);
    agent.running(start);
    const index = Number(start.steps.find(step => step.do === 'container.create')!.spec.env['BOXYARD_COPY_INDEX']);
    await sendPack(agent, start, packOf({[`shared/out/${run.id}/${index}/result`]: `first ${index}`}));
    await agent.finish(start, {result: {exit: {code: index}}});
  }
  await agent.finish(await startedAfter(agent, 2));
  await waitFor(async () => (await jobs.show(core.caller.tenant, run.id)).state === 'ended');
  const again = await jobs.retry(core.caller, run.id, {failed: true});
  const second = await startedAfter(agent, 3);
  agent.running(second);
  await sendPack(agent, second, packOf({[`shared/out/${again.id}/1/other`]: 'second 1'}));
  await agent.finish(second);
  const gather = await startedAfter(agent, 4);
  agent.running(gather);
  const {files} = await indexOf(agent, gather);
  const brought = files.map(file => file.path).filter(path => path.startsWith('shared/out'));
  expect(brought.toSorted()).toEqual([`shared/out/${again.id}/0/result`, `shared/out/${again.id}/1/other`]);
});

test('the job that gathers finds what every copy brought, and has a place of its own', async () => {
  await using it = await scene(team({copies: 2, gather: ['collect']}));
  const {core, agent} = it;
  const run = await core.core.services.clusters.run(core.caller, at, {});
  const starts = [await startedAfter(agent, 0), await startedAfter(agent, 1)];
  for (const [n, start] of starts.entries()) {
    agent.running(start);
    const {dirs} = await indexOf(agent, start);
    await sendPack(agent, start, packOf({[`${dirs.find(dir => dir.startsWith('shared/out'))!}/result`]: `of ${n}`}));
    await agent.finish(start);
  }
  const gather = await startedAfter(agent, 2);
  agent.running(gather);
  const {dirs, files} = await indexOf(agent, gather);
  expect(files.map(file => file.path)).toEqual([`shared/out/${run.id}/0/result`, `shared/out/${run.id}/1/result`]);
  expect(dirs).toContain(`shared/out/${run.id}/gather`);
  expect((await sendPack(agent, gather, packOf({[`shared/out/${run.id}/0/result`]: 'mine'}))).error?.code).toBe('INVALID_INPUT');
  await sendPack(agent, gather, packOf({[`shared/out/${run.id}/gather/all`]: 'of 0 and 1'}));
  expect(await pathsIn(core, 'shared/out')).toContain(`shared/out/${run.id}/gather/all`);
});
