import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up, waitFor} from './up.ts';

/** How every list may be sorted, cut down and watched. */
let up: Up;
beforeAll(async () => {
  up = await Up.open();
  for (const name of ['one', 'two', 'three']) await up.ok('run', '--engine', 'process', '--name', name, '--', 'echo', name);
});
afterAll(() => up?.[Symbol.asyncDispose]());

test('a list is sorted by a column, also as JSON, and has the columns that are named', async () => {
  expect(await up.ok('jobs', 'list', '--sort', 'what', '--columns', 'what,exit')).toMatch(
    /^WHAT +EXIT\necho one +0\necho three +0\necho two +0\n$/,
  );
  expect(await up.ok('jobs', 'list', '--sort', '-what', '--columns', 'what', '--no-headers')).toBe('echo two\necho three\necho one\n');
  const {items} = await up.json<{items: {name: string}[]}>('jobs', 'list', '--sort=-what');
  expect(items.map(job => job.name)).toEqual(['two', 'three', 'one']);
  expect(await up.ok('workers', 'list', '-o', 'wide')).toMatch(/^NAME .*ENGINES.*\bID\b.*FLOOR .*CLOCK\n/);
});

test('a column that is not there is answered with the nearest, before anything is asked', async () => {
  const wrong = await up.cli(['jobs', 'list', '--sort', 'kidn', '--server', 'http://127.0.0.1:9']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean kind?')]);
  const form = await up.cli(['jobs', 'list', '--columns', 'id', '-o', 'json']);
  expect([form.code, form.stderr]).toEqual([2, expect.stringContaining('--columns')]);
});

test('watched through a pipe it gives a line for each item that changes, and ends at Ctrl-C', async () => {
  const child = spawn(boxyard, ['jobs', 'list', '--watch'], {env: up.env, stdio: ['ignore', 'pipe', 'pipe']});
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const lines = () =>
    out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as {name?: string; state: string});
  await waitFor(() => lines().length >= 3, {within: 10_000, what: 'the first list'});
  await up.ok('run', '--engine', 'process', '--name', 'later', '--', 'true');
  await waitFor(() => lines().some(job => job.name === 'later' && job.state === 'ended'), {within: 10_000, what: 'the new job has ended'});
  expect(lines().filter(job => job.name === 'one')).toHaveLength(1);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
});

test.skipIf(!hasTmux)('watched on a terminal it changes in place, and leaves the terminal as it was with the last list', async () => {
  await using screen = await openTerminal(`echo before; ${boxyard} jobs list --watch --sort=age --columns what,status`, up.env, {
    columns: 60,
    rows: 14,
  });
  await screen.shows('echo three');
  expect(await screen.text()).not.toContain('before');
  await up.ok('run', '--engine', 'process', '--', 'echo', 'anew');
  await screen.shows('WHAT.*\\n *echo anew +succeeded');
  await screen.signal('SIGINT');
  await screen.shows('ENDED 130');
  expect(await screen.text()).toMatch(/before\nWHAT +STATUS\necho anew +succeeded/);
});
