import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {paths} from '@boxyard/core/config';
import {projectRoot} from '../faults/lab/directories.ts';
import {Up, waitFor} from './up.ts';

const hostile = join(projectRoot, 'faults/primitives/hostile-engine.ts');

test('an engine plugin that kills the agent whenever it is asked is switched off by name, and up goes on without it', async () => {
  await using up = await Up.prepare({HOSTILE_AT: 'probe', HOSTILE_DOES: 'die'});
  const {config} = paths(up.env);
  mkdirSync(config, {recursive: true, mode: 0o700});
  writeFileSync(join(config, 'config.json'), JSON.stringify({engines: ['process', {module: hostile}]}), {mode: 0o600});
  await up.start();
  await waitFor(async () => (await up.ok('workers', 'show', (await up.api.workers())[0]!.name)).includes('switched off'), {
    within: 40_000,
    what: 'the plugin is switched off',
  });
  const shown = await up.ok('workers', 'show', (await up.api.workers())[0]!.name);
  expect(shown).toMatch(/hostile-engine\.ts: .*ended 3 times in its call probe.*switched off/);
  const ends = () => up.program.log.match(/The agent ended/g)?.length;
  expect(ends()).toBe(3);
  expect(await up.ok('run', '--engine', 'process', '--', 'echo', 'on')).toBe('on\n');
  const named = await up.cli(['run', '--engine', 'hostile', '--image', 'any', '--queue-timeout', '1s', '--', 'true']);
  expect(named.code).not.toBe(0);
  expect(ends()).toBe(3);
});
