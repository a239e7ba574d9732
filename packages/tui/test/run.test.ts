import {spawnSync} from 'node:child_process';
import {existsSync, openSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';

const boxyard = join(import.meta.dirname, '../../../bin/boxyard');

test.skipIf(!existsSync('/dev/full'))('output that cannot be written is a failure, and is said', () => {
  const {status, stderr} = spawnSync(boxyard, ['help', 'exit-codes'], {stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe']});
  expect([status, String(stderr)]).toEqual([1, expect.stringContaining('could not be written')]);
});

test('a reader that left early is no failure', () => {
  const {status, stdout} = spawnSync('sh', ['-c', `{ ${boxyard} help exit-codes; echo $? >&2; } | head -n 1`]);
  expect([status, String(stdout)]).toEqual([0, 'Exit codes\n']);
});

test('help begins with what to type and names its other pages', () => {
  const {stdout} = spawnSync(boxyard, ['--help'], {encoding: 'utf8'});
  expect(stdout).toContain('boxyard run -- uname -a');
  for (const topic of ['exit-codes', 'environment', 'formatting']) expect(stdout).toContain(`boxyard help ${topic}`);
});
