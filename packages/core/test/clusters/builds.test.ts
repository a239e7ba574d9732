import {createHash} from 'node:crypto';
import {mkdtempSync, rmSync, statSync, utimesSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {RoleDocument} from '../../src/api/index.ts';
import {openBlobs} from '../../src/blobs/blobs.ts';
import {sweepContexts} from '../../src/clusters/contexts.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const bytes = Buffer.from('a tar, as far as the server knows');
const named = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const upload = async ({core, caller}: TestCore): Promise<string> =>
  (
    await core.services.logs.upload(
      caller.tenant,
      (async function* () {
        yield bytes;
      })(),
    )
  ).blob;
const team = (context: string, more: Partial<RoleDocument> = {}) => ({
  name: 'team',
  roles: [{name: 'builder', build: {context, args: {A: '1'}}, copies: 2, ...more}],
});
const at = {cluster: 'team', role: 'builder'};
const engine = {
  engines: [{name: 'docker', usable: true, version: '1', features: ['images', 'build', 'exec', 'files'], enforces: [], labels: {}}],
};

test('a role is built of what was uploaded, is known by what that is, and applying it by either name changes nothing', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  const made = await clusters.apply(core.caller, team(await upload(core)), false);
  expect(made.cluster!.roles[0]!.build).toEqual({context: named, args: {A: '1'}});
  expect((await clusters.apply(core.caller, team(named), false)).changes).toEqual([]);
  expect((await clusters.apply(core.caller, team(await upload(core)), false)).changes).toEqual([]);
  expect((await clusters.putRole(core.caller, 'team', 'builder', team(named).roles[0]!)).v).toBe(made.cluster!.v);
});

test('what is not here is refused, and nothing is stored; a dry run says what would change all the same', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {clusters} = core.core.services;
  const unknown = {code: 'NOT_FOUND', details: {what: 'build context', name: named}};
  await expect(clusters.apply(core.caller, team(named), false)).rejects.toMatchObject(unknown);
  await expect(clusters.create(core.caller, team(`u-${'a'.repeat(26)}`))).rejects.toMatchObject({code: 'NOT_FOUND'});
  expect((await clusters.apply(core.caller, team(named), true)).changes.length).toBe(3);
  const context = await upload(core);
  const wrong: readonly [Partial<RoleDocument>, string][] = [
    [{image: 'debian:12'}, 'roles.builder.build: does not go together with image'],
    [{engine: 'process'}, 'roles.builder.build: the engine process has no images'],
    [{build: {context, file: '../Containerfile'}}, 'roles.builder.build.file: expected a path inside the context'],
  ];
  for (const [role, message] of wrong) await expect(clusters.apply(core.caller, team(context, role), false)).rejects.toThrow(message);
  expect((await clusters.list(core.caller.tenant)).items).toEqual([]);
});

test('each child is told to build the image unless its worker has it, of bytes that are there, under a name that is the tenant’s alone', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await using other = await startTestCore({rim: await redis.rim()});
  const steps = [];
  for (const one of [core, other]) {
    const agent = await one.agent({...engine, run: () => ({result: {exit: {code: 0}}})});
    const {clusters, jobs} = one.core.services;
    await clusters.apply(one.caller, team(await upload(one)), false);
    const run = await clusters.run(one.caller, at, {});
    expect(await waitFor(async () => (await jobs.show(one.caller.tenant, run.id)).outcome)).toBe('succeeded');
    expect(agent.started.length).toBe(2);
    steps.push(...agent.started.map(start => start.steps as {do: string; ref?: string; spec?: {image: string}}[]));
  }
  const [build, create] = steps[0]!;
  expect(build).toMatchObject({
    do: 'image.build',
    ifMissing: true,
    file: 'Containerfile',
    args: {A: '1'},
    context: {blob: named.slice(7), bytes: bytes.length},
  });
  expect(create).toMatchObject({do: 'container.create', spec: {image: build!.ref}});
  expect(steps[1]![0]!.ref).toBe(build!.ref);
  expect(steps[2]![0]!.ref).not.toBe(build!.ref);
});

test('what no role is built of any more goes a day later; what one is built of stays', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bxc-'));
  const rim = await redis.rim();
  const core = await startTestCore({rim, dir});
  const blobs = openBlobs({dir});
  try {
    const {clusters} = core.core.services;
    await clusters.apply(core.caller, team(await upload(core)), false);
    const path = blobs.contexts(core.caller.tenant).path(named.slice(7));
    const aged = () => utimesSync(path, new Date(0), new Date(0));
    aged();
    await sweepContexts(rim, blobs);
    expect(statSync(path).size).toBe(bytes.length);
    await clusters.remove(core.caller, 'team');
    aged();
    await sweepContexts(rim, blobs);
    expect(() => statSync(path)).toThrow('ENOENT');
  } finally {
    await core.close();
    await blobs.close();
    rmSync(dir, {recursive: true, force: true});
  }
});
