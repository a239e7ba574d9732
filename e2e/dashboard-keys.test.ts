import {readdirSync, readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up} from './up.ts';

/** One Boxyard for the file; every test has a terminal of its own. */
let up: Up;
beforeAll(async () => void (hasTmux && (up = await Up.open())), 60_000);
afterAll(() => up?.[Symbol.asyncDispose](), 60_000);

const open = (flags = '') => openTerminal(`cd ${up.path} && ${boxyard} dashboard ${flags}`, up.env);
const online = /● 127\.0\.0\.1:\d+/;

test.skipIf(!hasTmux)('a log rests and goes on, says when its lines came, is searched and saved', async () => {
  const id = await up.detached('--engine', 'process', '--', 'sh', '-c', 'i=0; while :; do i=$((i+1)); echo line-$i; sleep 0.1; done');
  await using screen = await open();
  await screen.shows(online);
  await screen.keys(':jobs', 'Enter');
  await screen.shows(/● j-\w+ +run/);
  await screen.keys('Enter');
  await screen.shows('line-1\\b');
  await screen.keys('p');
  await screen.shows(/paused, [1-9]\d* newer/);
  const newest = async () => [...(await screen.text()).matchAll(/line-\d+/g)].at(-1)?.[0];
  const at = await newest();
  await screen.shows(/paused, \d\d+ newer/);
  expect(await newest()).toBe(at);
  await screen.keys('C-t');
  await screen.shows(/^\d\d:\d\d:\d\d line-\d+/m);
  await screen.keys('/', 'line-3', 'Enter');
  await screen.shows(/with “line-3”/);
  await screen.keys('C-s');
  await screen.shows(/Saved .*\.log/);
  const file = readdirSync(up.path).find(name => name.endsWith('.log'))!;
  expect(readFileSync(`${up.path}/${file}`, 'utf8')).toMatch(/^\d\d:\d\d:\d\d line-1\n/);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
  await up.cli(['jobs', 'cancel', id]);
});

test.skipIf(!hasTmux)('a range of jobs is cancelled from the menu of its row, and the count is asked about', async () => {
  const started = await Promise.all(Array.from({length: 2}, () => up.detached('--engine', 'process', '--', 'sleep', '300')));
  await using screen = await open();
  await screen.shows(online);
  await screen.keys(':jobs sleep 300', 'Enter');
  await screen.shows('Jobs 2 with /sleep 300');
  await screen.keys('v', 'j');
  await screen.shows('2 marked, v ends the range');
  await screen.keys('x');
  await screen.shows(/What can be done[^]*c +cancel the job/);
  await screen.keys('c');
  await screen.shows('End all 2\\?');
  await screen.keys('y');
  for (const id of started) expect((await up.ended(id)).outcome).toBe('cancelled');
  await screen.keys('C-e');
  await screen.shows(/^ Jobs 2/);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
});
