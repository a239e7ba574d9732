import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {duplexPair} from 'node:stream';
import {expect, test} from 'vitest';
import {paths} from '@boxyard/core/config';
import {projectRoot} from '../faults/lab/directories.ts';
import {clientOf} from '../faults/lab/terminal-viewer.ts';
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

const hostileDisplay = join(projectRoot, 'faults/primitives/hostile-display.ts');

/** An up with a stranger's display that misbehaves so, and a box to try it on. */
async function withDisplay(at: string, does: string) {
  const up = await Up.prepare({HOSTILE_AT: at, HOSTILE_DOES: does});
  const {config} = paths(up.env);
  mkdirSync(config, {recursive: true, mode: 0o700});
  const settings = {engines: ['process'], displays: ['vnc', {module: hostileDisplay}]};
  writeFileSync(join(config, 'config.json'), JSON.stringify(settings), {mode: 0o600});
  await up.start();
  const client = clientOf(up.api);
  const open = () => client.devboxesDisplay({devbox: 'box', body: {display: 'hostile'}});
  return {
    up,
    client,
    open,
    box: () => up.ok('devboxes', 'create', 'box', '--engine', 'process'),
    /** Work goes on, whatever it did. */
    works: async () => expect(await up.ok('run', '--engine', 'process', '--', 'echo', 'on')).toBe('on\n'),
    ends: () => up.program.log.match(/The agent ended/g)?.length ?? 0,
    shown: () => up.ok('plugins', 'list', '-o', 'json'),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await up.cli(['devboxes', 'remove', 'box', '--now']);
      await up[Symbol.asyncDispose]();
    },
  };
}

test.each([
  {does: 'throw', says: 'Plugin hostile failed in display.open: not today'},
  {does: 'nonsense', says: 'Plugin hostile failed in display.open: it returned a screen of no protocol known here'},
])('a display plugin whose open does "$does" fails its job by name, and the agent goes on', async ({does, says}) => {
  await using at = await withDisplay('open', does);
  await at.box();
  const job = await at.up.ended((await at.open()).id);
  expect([job.outcome, job.error?.message ?? job.reason?.message]).toEqual(['failed', expect.stringContaining(says)]);
  await at.works();
  expect(at.ends()).toBe(0);
});

test('a display plugin that hangs when it is opened ends with the cancel of its job', async () => {
  await using at = await withDisplay('open', 'hang');
  await at.box();
  const {id} = await at.open();
  await waitFor(async () => (await at.up.api.job(id)).phases.some(phase => phase.name === 'open'), {within: 20_000, what: 'it opens'});
  await at.up.ok('jobs', 'cancel', id);
  expect((await at.up.ended(id)).outcome).toBe('cancelled');
  await at.works();
});

test.each(['load', 'open'])('a display plugin that kills the agent in its %s is switched off by name, and all else goes on', async call => {
  await using at = await withDisplay(call, 'die');
  if (call === 'open') {
    await at.box();
    // Asked as often as it takes: a job that kills its agent is given up as poison, the plugin is not asked any more.
    await at.open();
  }
  await waitFor(async () => (await at.shown()).includes('switched off'), {within: 60_000, what: 'the plugin is switched off'});
  expect((JSON.parse(await at.shown()) as {items: object[]}).items).toContainEqual(
    expect.objectContaining({
      kind: 'display',
      state: 'not-loaded',
      why: expect.stringMatching(`ended 3 times in its call ${call}.*switched off`),
    }),
  );
  expect(at.ends()).toBe(3);
  await at.works();
  if (call === 'load') await at.box();
  const refused = await at.up.ended((await at.open()).id);
  expect(refused.outcome).toBe('failed');
  await at.works();
  expect(at.ends()).toBe(3);
});

test('a display plugin whose view floods costs its viewers alone', async () => {
  await using at = await withDisplay('none', 'none');
  await at.box();
  const {id} = await at.open();
  await waitFor(async () => (await at.up.api.job(id)).state === 'running', {within: 20_000, what: 'it is open'});
  const {signal} = new AbortController();
  let bytes = 0;
  const looks = Array.from({length: 4}, async () => {
    const [near, far] = duplexPair();
    near.on('data', (part: Buffer) => (bytes += part.length));
    await at.client.viewDisplay({job: id, control: 'wait', signal}, far).catch(() => undefined);
  });
  await waitFor(() => bytes > 2 ** 20, {within: 20_000, what: 'it floods'});
  await at.works();
  await at.up.ok('jobs', 'cancel', id);
  expect((await at.up.ended(id)).outcome).toBe('cancelled');
  await Promise.all(looks);
  expect(at.ends()).toBe(0);
});
