import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {paths} from '@boxyard/core/config';
import {resolveSettings, setSetting} from '../../src/services/user-config.ts';

const machine = () => paths({HOME: mkdtempSync(join(tmpdir(), 'boxyard-config-'))});
const valueOf = async (at: ReturnType<typeof machine>, env: Record<string, string>, key = 'output') =>
  (await resolveSettings(at, env)).find(row => row.key === key)?.value;

test('the environment wins over the file, the file over the default', async () => {
  const at = machine();
  expect(await valueOf(at, {})).toBe('table');
  await setSetting(at, 'output', 'yaml');
  expect(await valueOf(at, {})).toBe('yaml');
  expect(await valueOf(at, {BOXYARD_OUTPUT: 'json'})).toBe('json');
});

test.each([
  ['listen', '127.0.0.1:99999'],
  ['listen', 'abc'],
  ['leader', 'zz'],
  ['leader', 'ctrl-m'],
  ['server', 'ftp://x'],
])('%s does not become %s', async (key, value) => {
  const at = machine();
  await expect(setSetting(at, key, value)).rejects.toThrow(`${key}: expected`);
  expect(await valueOf(at, {}, key)).not.toBe(value);
});

test.each([
  ['listen', '0.0.0.0:4240'],
  ['listen', '[::1]:80'],
  ['leader', 'ctrl-b'],
  ['server', 'https://boxes.example'],
])('%s becomes %s', async (key, value) => {
  const at = machine();
  await setSetting(at, key, value);
  expect(await valueOf(at, {}, key)).toBe(value);
});

test('a value of the environment that means nothing is refused by the name of its variable', async () => {
  await expect(valueOf(machine(), {BOXYARD_OUTPUT: 'xml'})).rejects.toThrow(/BOXYARD_OUTPUT: output: expected table.*got xml/);
});
