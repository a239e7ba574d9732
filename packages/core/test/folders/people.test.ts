import {afterAll, beforeAll, expect, test} from 'vitest';
import {pack} from 'tar-stream';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis} from '../redis-for-tests.ts';
import {pathsIn, put, tarOf, team} from './folders-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

async function opened() {
  const core = await startTestCore({rim: await redis.rim()});
  await core.core.services.clusters.apply(core.caller, team({folders: ['cache']}), false);
  return core;
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

test('a person puts, lists, gets and removes; roles go by their names', async () => {
  await using core = await opened();
  const {folders} = core.core.services;
  expect(await put(core, {'a.md': 'x', 'sub/b': 'y'})).toEqual({path: 'shared/plans', files: 2, changed: 2, removed: 0});
  expect(await put(core, {c: 'z'}, 'roles/builder/cache/deep')).toMatchObject({path: 'roles/builder/cache/deep'});
  expect((await folders.list(core.caller.tenant, 'team')).items).toMatchObject([
    {path: 'roles/builder/cache', files: 1, bytes: 1, by: 'user:anna'},
    {path: 'shared/plans', files: 2, bytes: 2},
  ]);
  expect(await pathsIn(core, 'shared')).toEqual(['shared/plans/a.md', 'shared/plans/sub/b']);
  expect(await pathsIn(core, 'roles/builder')).toEqual(['roles/builder/cache/deep/c']);
  expect(await bytesOf(await folders.get(core.caller.tenant, 'team', 'shared/plans/sub'))).toMatch(/^b\0/);
  expect(await put(core, {'a.md': 'x2'}, 'shared/plans', true)).toMatchObject({changed: 1, removed: 1});
  expect(await folders.remove(core.caller, 'team', 'shared/plans')).toEqual({removed: 1});
  expect(await pathsIn(core)).toEqual(['roles/builder/cache/deep/c']);
  const used = await core.rim.ask(redis => redis.hget(core.rim.keys.foldersUsed(core.caller.tenant), 'memory'));
  expect(used).toBe('1');
});

test('a folder that no document names is not made by a slip, and what is not there is said', async () => {
  await using core = await opened();
  const {folders} = core.core.services;
  for (const path of [
    'shared/palns',
    'shared/out/j-1/0',
    'private/j-1/0',
    'elsewhere',
    'roles/nobody/cache',
    'roles/builder/other',
    'shared',
  ])
    await expect(put(core, {a: 'x'}, path)).rejects.toMatchObject({code: 'NOT_FOUND'});
  await expect(put(core, {a: 'x'}, 'shared/plans/../../x')).rejects.toMatchObject({code: 'INVALID_INPUT'});
  await expect(folders.get(core.caller.tenant, 'team', 'shared/plans')).rejects.toMatchObject({code: 'NOT_FOUND'});
  await expect(folders.remove(core.caller, 'team', 'shared/plans')).rejects.toMatchObject({code: 'NOT_FOUND'});
  await expect(folders.remove(core.caller, 'team', '/')).rejects.toMatchObject({code: 'INVALID_INPUT'});
  await expect(folders.list('t-another', 'team')).rejects.toMatchObject({code: 'NOT_FOUND'});
});

type Header = Parameters<ReturnType<typeof pack>['entry']>[0];
const hostile: Readonly<Record<string, readonly Header[]>> = {
  'a link out': [{name: 'a', type: 'symlink', linkname: '/etc'}],
  'a link inside': [{name: 'a', type: 'symlink', linkname: 'b'}],
  'a hard link': [{name: 'a', type: 'link', linkname: '../../etc/passwd'}],
  'a device': [{name: 'a', type: 'block-device'}],
  'a fifo': [{name: 'a', type: 'fifo'}],
  'a way up': [{name: '../a'}],
  'a way up in the middle': [{name: 'a/../../b'}],
  'an absolute name': [{name: '/etc/passwd'}],
  'a folder above': [{name: '..', type: 'directory'}],
  'a name with a line feed': [{name: 'a\nb'}],
  'a name that a terminal would obey': [{name: '\u001b[2J'}],
  'a name that is too long': [{name: 'x'.repeat(5_000)}],
  'one file twice': [{name: 'a'}, {name: './a'}],
  'the root as a file': [{name: '.'}],
};
test.each(Object.entries(hostile))('an archive with %s is refused, and nothing of it is there', async (_name, headers) => {
  await using core = await opened();
  const tar = pack();
  tar.entry({name: 'fine'}, 'fine');
  for (const header of headers) tar.entry(header, header.type === undefined ? 'x' : '');
  tar.finalize();
  const to = {path: 'shared/plans', mirror: false};
  await expect(core.core.services.folders.put(core.caller, 'team', to, tar as AsyncIterable<Uint8Array>)).rejects.toMatchObject({
    code: 'ARCHIVE_REFUSED',
  });
  expect(await pathsIn(core)).toEqual([]);
});

test('an archive that breaks off, or says more than it holds, leaves nothing', async () => {
  await using core = await opened();
  const whole: Uint8Array[] = [];
  for await (const part of await tarOf({a: 'x'.repeat(10_000)})) whole.push(part);
  const cut = Buffer.concat(whole).subarray(0, 4_000);
  const to = {path: 'shared/plans', mirror: true};
  const broken = async function* () {
    yield cut;
  };
  await expect(core.core.services.folders.put(core.caller, 'team', to, broken())).rejects.toThrow();
  expect(await pathsIn(core)).toEqual([]);
});

test('names that are folders of other things are refused in a document', async () => {
  await using core = await opened();
  const {clusters} = core.core.services;
  await expect(clusters.apply(core.caller, {...team(), folders: ['out']}, false)).rejects.toMatchObject({code: 'INVALID_INPUT'});
  await expect(clusters.apply(core.caller, {...team(), folders: ['a', 'a']}, false)).rejects.toMatchObject({code: 'INVALID_INPUT'});
  await expect(clusters.update(core.caller, 'team', {folders: ['out']})).rejects.toMatchObject({code: 'INVALID_INPUT'});
});
