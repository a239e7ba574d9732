import {writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {engines, Up} from './up.ts';

/** One Boxyard for the file; every test has a terminal of its own. */
let up: Up;
beforeAll(async () => void (hasTmux && (up = await Up.open())), 60_000);
afterAll(() => up?.[Symbol.asyncDispose](), 60_000);

const image = 'localhost/base:test';
const open = (command: string, env: Readonly<Record<string, string>> = {}) => openTerminal(command, {...up.env, ...env});
const worker = hostname().toLowerCase();
const online = /● 127\.0\.0\.1:\d+/;

test.skipIf(!hasTmux)('boxyard on a terminal opens the dashboard, runs what is typed, shows its log and leaves all running', async () => {
  await using screen = await open(boxyard, {BOXYARD_IMAGE: image});
  await screen.shows('r  run');
  await screen.keys('r', 'echo hello-from-$((40+2)); sleep 30', 'Enter');
  await screen.shows('hello-from-42');
  await screen.shows('\\$ boxyard run --detach -- sh -c');
  await screen.keys(':workers', 'Enter');
  await screen.shows(new RegExp(`Workers 1[^]*● +${worker}`));
  await screen.keys('C-c');
  await screen.shows('ctrl-c again leaves');
  await screen.keys('C-c');
  await screen.shows('ENDED 0');
  expect(await screen.text()).toContain('boxyard down');
  expect((await up.cli(['status'])).code).toBe(0);
});

test.skipIf(!hasTmux).each(await engines())(
  'a life with a DevBox on %s: made by a form, typed into, left, asking, found, removed and brought back',
  async engine => {
    const name = `live-${engine}`;
    await using screen = await open(`${boxyard} dashboard`, {BOXYARD_IMAGE: image});
    await screen.shows(/● 127\.0\.0\.1:\d+ [^]*1 worker/);
    // The name, then down to the engine and to its value.
    await screen.keys('n', 'C-u', name, 'Tab', ...(engine === 'process' ? ['C-u'] : []), ...Array.from({length: 4}, () => 'Tab'));
    for (let chosen = 'any'; chosen !== engine; [, chosen = ''] = /Engine +‹ (\S+) ›/.exec(await screen.text()) ?? []) {
      await screen.keys('Right');
      await screen.shows(new RegExp(`Engine +‹ (?!${chosen} )`));
    }
    await screen.keys('C-s');
    await screen.shows(new RegExp(`● ${name} +running`));
    await screen.keys('/', name, 'Enter', 'Enter');
    await screen.shows('keys go to the session');
    await screen.keys('echo typed-$((40+2))', 'Enter');
    await screen.shows('typed-42');
    await screen.keys('sleep 2; printf "\\a"; sleep 300', 'Enter');
    await screen.keys('C-q', 'd');
    await screen.shows('enter types here');
    await screen.shows('◆ 1 asks');
    await screen.keys('2', ' ');
    await screen.shows('1 marked');
    await screen.keys('1', ' ');
    await screen.shows(new RegExp(`asks for you[^]*◆ ${name}/shell`));
    await screen.keys('D');
    await screen.shows(/removing[^]*z undoes it/);
    await screen.keys('z');
    await screen.shows(new RegExp(`○ ${name} +stopped`));
    await screen.keys('q');
    await screen.shows('ENDED 0');
  },
  120_000,
);

test.skipIf(!hasTmux)('the terminal is given back after q, ctrl-c, SIGTERM and SIGQUIT', async () => {
  for (const [how, code] of [
    ['q', 0],
    ['C-c', 0],
    ['TERM', 143],
    ['QUIT', 131],
  ] as const) {
    await using screen = await open(`echo before; ${boxyard} dashboard`);
    await screen.shows(online);
    if (how === 'q') await screen.keys('q');
    else if (how === 'C-c') await screen.keys('C-c', 'C-c');
    else await screen.signal(`SIG${how}`);
    await screen.shows(`ENDED ${code}`);
    expect(await screen.text()).toContain('before');
    await screen.keys('typed', 'Enter');
    await screen.shows(/typed\n+typed/);
  }
});

test.skipIf(!hasTmux)('a server that goes away is said, and what was seen stays', async () => {
  await using own = await Up.open();
  await using screen = await open(`${boxyard} dashboard`, own.env);
  await screen.shows(online);
  await screen.keys('5');
  await screen.shows(`● +${worker}`);
  await own.killGroup();
  await screen.shows('what you see is as old');
  await screen.shows(worker);
  await own.start();
  await screen.shows(online);
  await screen.keys('q', 'q');
  await screen.shows('ENDED 0');
});

test.skipIf(!hasTmux)('a dashboard that crashes gives the terminal back, and says where the story lies', async () => {
  const crash = join(up.root, 'crash.cjs');
  writeFileSync(crash, "process.on('SIGUSR2', () => setImmediate(() => { throw new Error('broken'); }));\n");
  await using screen = await open(`echo before; ${boxyard} dashboard`, {NODE_OPTIONS: `--require ${crash}`});
  await screen.shows(online);
  await screen.signal('SIGUSR2');
  await screen.shows('ENDED 1');
  const text = await screen.text();
  for (const said of ['before', 'Something in Boxyard went wrong.', 'Log: ']) expect(text).toContain(said);
  await screen.keys('typed', 'Enter');
  await screen.shows(/typed\n+typed/);
});

test.skipIf(!hasTmux)('a dashboard that is stopped from elsewhere gives the terminal back first, and takes it again', async () => {
  await using screen = await open(`echo before; ${boxyard} dashboard`);
  await screen.shows(online);
  await screen.signal('SIGTSTP');
  await screen.shows('before');
  await screen.signal('SIGCONT');
  await screen.shows(online);
  await screen.signal('SIGSTOP');
  await screen.signal('SIGCONT');
  await screen.keys('5');
  await screen.shows(`● +${worker}`);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
});

test.skipIf(!hasTmux)('what was set up on a page is there again with the next dashboard, which opens at Home', async () => {
  {
    await using screen = await open(`${boxyard} dashboard`);
    await screen.shows(online);
    await screen.keys('5', '/', worker.slice(0, 2), 'Enter');
    await screen.shows(`Workers 1 with /${worker.slice(0, 2)}`);
    await screen.keys('C-c', 'C-c');
    await screen.shows('ENDED 0');
  }
  await using again = await open(`${boxyard} dashboard`);
  await again.shows(online);
  await again.keys('5');
  await again.shows(`Workers 1 with /${worker.slice(0, 2)}`);
  await again.keys('C-c', 'C-c');
  await again.shows('ENDED 0');
});

test('without a terminal it says what to use instead', async () => {
  await using own = await Up.prepare();
  const ran = await own.cli(['dashboard']);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain('boxyard watch');
});
