import {mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {buffer} from 'node:stream/consumers';
import {Readable} from 'node:stream';
import {afterAll, expect, test} from 'vitest';
import type {RoleDocument} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {withBuilds} from '../../src/services/role-builds.ts';

const root = mkdtempSync(join(tmpdir(), 'builds-'));
afterAll(() => rmSync(root, {recursive: true, force: true}));

function folder(name: string, text: string, at: Date): string {
  mkdirSync(join(root, name, 'app'), {recursive: true});
  const file = join(root, name, 'app', 'Dockerfile');
  writeFileSync(file, text);
  utimesSync(file, at, at);
  return join(root, name);
}

/** A server that knows these contexts. */
function server(known: readonly string[] = []) {
  const sent: Buffer[] = [];
  const uploads = async (bytes: AsyncIterable<Uint8Array>) => {
    sent.push(await buffer(Readable.from(bytes)));
    return {blob: `u-${sent.length}`, bytes: sent.at(-1)!.length};
  };
  const ask = async (roles: RoleDocument[]) => {
    const missing = roles.find(({build}) => build?.context.startsWith('sha256:') && !known.includes(build.context));
    if (missing !== undefined) throw new BoxyardError('NOT_FOUND', {what: 'build context', name: missing.build!.context});
    return roles;
  };
  return {sent, client: {uploads}, ask};
}
const named = async (base: string, build: string | {context: string; file?: string}) => {
  let found = '';
  await withBuilds({client: server().client, base}, [{name: 'a', build}], async ([role]) => void (found = role!.build!.context));
  return found;
};

test('the same files are the same context whenever they were written, others are not', async () => {
  const one = folder('one', 'FROM a', new Date(1_000_000));
  const two = folder('two', 'FROM a', new Date(2_000_000));
  const other = folder('other', 'FROM b', new Date(1_000_000));
  expect(await named(one, './app')).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await named(two, {context: 'app'})).toBe(await named(one, './app'));
  expect(await named(other, 'app')).not.toBe(await named(one, 'app'));
});

test('a directory is sent once where the server does not have it, for however many roles, and not where it does', async () => {
  const base = folder('sent', 'FROM c', new Date(1_000_000));
  const roles = [
    {name: 'a', build: 'app'},
    {name: 'b', build: {context: './app', args: {A: '1'}}},
    {name: 'c', image: 'debian:12'},
  ];
  const first = server();
  expect(await withBuilds({client: first.client, base}, roles, first.ask)).toEqual([
    {name: 'a', build: {context: 'u-1', file: 'Dockerfile'}},
    {name: 'b', build: {context: 'u-1', file: 'Dockerfile', args: {A: '1'}}},
    {name: 'c', image: 'debian:12'},
  ]);
  expect(first.sent.length).toBe(1);
  const second = server([await named(base, 'app')]);
  await withBuilds({client: second.client, base}, roles, second.ask);
  expect(second.sent).toEqual([]);
});

test('a directory that is not there, or has no file to build by, is named with its role', async () => {
  const {client, ask} = server();
  await expect(withBuilds({client, base: root}, [{name: 'a', build: 'nowhere'}], ask)).rejects.toThrow('roles.a.build: ');
  const base = folder('bare', 'FROM c', new Date(0));
  await expect(withBuilds({client, base}, [{name: 'a', build: '.'}], ask)).rejects.toThrow('has no Containerfile and no Dockerfile');
  // However much lies there: it is refused before its files are read.
  const huge = join(folder('endless', 'FROM c', new Date(0)), 'huge');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 40);
  await expect(withBuilds({client, base: join(root, 'endless')}, [{name: 'a', build: '.'}], ask)).rejects.toThrow('has no Containerfile');
  const role = {name: 'a', build: {context: 'app', file: 'Other'}};
  await expect(withBuilds({client, base}, [role], ask)).rejects.toThrow('roles.a.build.file: ');
});
