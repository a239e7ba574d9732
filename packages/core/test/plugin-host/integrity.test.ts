import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {BoxyardError} from '@boxyard/core/errors';
import {integrityOf, loadPlugin, locatePlugin, type PluginSetting} from '@boxyard/core/plugin-host';

const source = (name: string) => `
globalThis.boxyardTestRan = (globalThis.boxyardTestRan ?? 0) + 1;
const schema = {'~standard': {version: 1, vendor: 'own', validate: value => ({value})}};
export default {kind: 'engine', name: '${name}', api: {oldest: 1, newest: 1}, config: schema, create: () => ({})};
`;

/** A package `odd` of version 1.2.3 in a `node_modules`, as npm leaves it, and a folder that holds nothing else. */
function installed(): {dir: string; root: string} & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'bxi-'));
  const root = join(dir, 'node_modules/odd');
  mkdirSync(join(root, 'dist/node_modules'), {recursive: true});
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({name: 'odd', version: '1.2.3', type: 'module', exports: {'.': {import: './dist/index.js'}}}),
  );
  writeFileSync(join(root, 'dist/index.js'), source('odd'));
  writeFileSync(join(root, 'dist/node_modules/left-out.js'), 'x');
  writeFileSync(join(dir, 'alone.mjs'), source('alone'));
  return {dir, root, [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true})};
}

const ran = () => (globalThis as {boxyardTestRan?: number}).boxyardTestRan ?? 0;
const load = (setting: PluginSetting): Promise<unknown> =>
  loadPlugin('engine', setting, specifier => import(/* @vite-ignore */ specifier)).then(
    ({plugin}) => plugin.name,
    (error: BoxyardError) => error,
  );

test('a package is found by its name beside the file that names it, and a path from there', () => {
  using at = installed();
  const config = join(at.dir, 'agent.yaml');
  const place = {file: join(at.root, 'dist/index.js'), root: at.root, version: '1.2.3'};
  expect(locatePlugin('odd', [config])).toEqual(place);
  expect(locatePlugin('odd', ['/nowhere/config', config])).toEqual(place);
  expect(locatePlugin('./node_modules/odd', [config])).toEqual(place);
  expect(locatePlugin('./alone.mjs', [config])).toEqual({file: join(at.dir, 'alone.mjs')});
  expect(locatePlugin('nobody', [config])).toBeUndefined();
});

test('the integrity of a folder is that of the list sha256sum prints, of a file that of its bytes', async () => {
  using at = installed();
  const shell = (line: string) => execFileSync('sh', ['-c', line], {cwd: at.root, encoding: 'utf8'}).trim();
  const list = shell(
    'find . -name node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | openssl dgst -sha256 -binary | base64',
  );
  expect(await integrityOf(locatePlugin(at.root, [])!)).toBe(`sha256-${list}`);
  const file = shell('openssl dgst -sha256 -binary ../../alone.mjs | base64');
  expect(await integrityOf(locatePlugin(join(at.dir, 'alone.mjs'), [])!)).toBe(`sha256-${file}`);
});

test('one whose files are those of the config is loaded; with one byte changed it is refused by name and nothing of it runs', async () => {
  using at = installed();
  const place = locatePlugin(at.root, [])!;
  const integrity = await integrityOf(place);
  expect(await load({module: 'odd', place, version: '1.2.3', integrity})).toBe('odd');
  const before = ran();
  writeFileSync(join(at.root, 'dist/other.js'), '');
  const error = (await load({module: 'odd', place, integrity})) as BoxyardError;
  expect([error.code, error.details['problem']]).toEqual(['PLUGIN_INVALID', 'integrity']);
  expect(error.message).toBe(`Plugin odd: its files are not those of the config: expected ${integrity}, got ${await integrityOf(place)}.`);
  expect(error.hint).toContain('Nothing of it was run');
  expect(ran()).toBe(before);
});

test.each([
  {what: 'another version', change: {version: '1.2.4'}, says: 'the config says version 1.2.4, and 1.2.3 is installed'},
  {what: 'an integrity that is none', change: {integrity: 'sha512-x'}, says: 'expected sha256- and 44 characters of base64, got sha512-x'},
  {what: 'a version of what is nowhere', change: {version: '1.2.3', place: undefined}, says: 'there is no such package'},
])('$what is refused', async ({change, says}) => {
  using at = installed();
  const error = (await load({module: 'odd', place: locatePlugin(at.root, [])!, ...change})) as BoxyardError;
  expect(error.message).toContain(says);
});

test('a link in the folder is refused: what it leads to is not covered', async () => {
  using at = installed();
  symlinkSync('/etc/passwd', join(at.root, 'link'));
  const error = (await load({module: 'odd', place: locatePlugin(at.root, [])!, integrity: `sha256-${'A'.repeat(43)}=`})) as BoxyardError;
  expect(error.message).toContain('link is neither a file nor a folder');
});
