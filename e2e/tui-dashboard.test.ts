import {writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up} from './up.ts';

/** One Boxyard for the file; every test has a terminal of its own. */
let up: Up;
beforeAll(async () => void (hasTmux && (up = await Up.open())), 60_000);
afterAll(() => up?.[Symbol.asyncDispose](), 60_000);

const open = (command: string, env: Readonly<Record<string, string>> = {}) => openTerminal(command, {...up.env, ...env});

const worker = hostname().toLowerCase();

test.skipIf(!hasTmux)('boxyard on a terminal opens the dashboard, runs what is typed, shows its log and leaves all running', async () => {
  await using screen = await open(boxyard, {BOXYARD_IMAGE: 'localhost/base:test'});
  await screen.shows(`● +${worker}`);
  await screen.keys('r', 'echo hello-from-$((40+2))', 'Enter');
  await screen.shows('hello-from-42');
  await screen.keys(':workers', 'Enter');
  await screen.shows(/^(?![^]*Jobs \d)[^]*Workers 1/);
  await screen.keys('C-c');
  await screen.shows('Ctrl-C again leaves');
  await screen.keys('C-c');
  await screen.shows('ENDED 0');
  expect(await screen.text()).toContain('boxyard down');
  expect((await up.cli(['status'])).code).toBe(0);
});

test.skipIf(!hasTmux)('the terminal is given back after q and after SIGTERM', async () => {
  for (const [how, code] of [
    ['q', 0],
    ['TERM', 143],
  ] as const) {
    await using screen = await open(`echo before; ${boxyard} dashboard`);
    await screen.shows(`● +${worker}`);
    if (how === 'q') await screen.keys('q');
    else await screen.signal('SIGTERM');
    await screen.shows(`ENDED ${code}`);
    expect(await screen.text()).toContain('before');
    await screen.keys('typed', 'Enter');
    await screen.shows(/typed\n+typed/);
  }
});

test.skipIf(!hasTmux)('a server that goes away is said, and what was seen stays', async () => {
  await using own = await Up.open();
  await using screen = await open(`${boxyard} dashboard`, own.env);
  await screen.shows(`● +${worker}`);
  await own.killGroup();
  await screen.shows('what you see is old');
  await screen.shows(worker);
  await own.start();
  await screen.shows('● online');
  await screen.keys('q');
  await screen.shows('ENDED 0');
});

test.skipIf(!hasTmux)('a dashboard that crashes gives the terminal back, and says where the story lies', async () => {
  const crash = join(up.root, 'crash.cjs');
  writeFileSync(crash, "process.on('SIGUSR2', () => setImmediate(() => { throw new Error('broken'); }));\n");
  await using screen = await open(`echo before; ${boxyard} dashboard`, {NODE_OPTIONS: `--require ${crash}`});
  await screen.shows(`● +${worker}`);
  await screen.signal('SIGUSR2');
  await screen.shows('ENDED 1');
  const text = await screen.text();
  for (const said of ['before', 'Something in Boxyard went wrong.', 'Log: ']) expect(text).toContain(said);
  await screen.keys('typed', 'Enter');
  await screen.shows(/typed\n+typed/);
});
