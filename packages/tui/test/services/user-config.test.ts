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

test('a value of the environment that means nothing is refused by the name of its variable', async () => {
  await expect(valueOf(machine(), {BOXYARD_OUTPUT: 'xml'})).rejects.toThrow(/BOXYARD_OUTPUT: output: expected table.*got xml/);
});
