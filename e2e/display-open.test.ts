import {chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {clientOf} from '../faults/lab/terminal-viewer.ts';
import {hasXvnc} from '../packages/core/test/rfb/xvnc.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up, waitFor} from './up.ts';

let up: Up;
/** Whatever is opened at this desktop is told here: the file's name. */
let told: string;
let desktop: Readonly<Record<string, string>>;
/** Before a command: a shell of the terminal may set what programs are found. */
let found: string;
beforeAll(async () => {
  if (!hasXvnc) return;
  up = await Up.open();
  await up.ok('devboxes', 'create', 'desk', '--engine', 'process');
  const bin = join(up.root, 'bin');
  told = join(up.root, 'told');
  mkdirSync(bin);
  writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${told}.part && mv ${told}.part ${told}\n`);
  chmodSync(join(bin, 'xdg-open'), 0o755);
  found = `PATH=${bin}:$PATH`;
  desktop = {...up.env, DISPLAY: ':9', SSH_CONNECTION: '', SSH_TTY: ''};
});
afterAll(async () => {
  await up?.cli(['devboxes', 'stop', 'desk']);
  await up?.[Symbol.asyncDispose]();
});

test.runIf(hasXvnc && hasTmux)(
  'at a desktop the link is opened, by way of a file of its owner’s alone; --no-open only prints it',
  async () => {
    await using quiet = await openTerminal(`${found} ${boxyard} display desk --browser --no-open`, desktop);
    await quiet.shows(/http:\/\/127\.0\.0\.1:\d+\/display#j-/);
    await quiet.isRestored(0);
    expect(existsSync(told)).toBe(false);
    await using screen = await openTerminal(`${found} ${boxyard} display desk --browser`, desktop);
    await screen.shows(/Opening it in your browser: it works once, within 60 s/);
    await screen.isRestored(0);
    const file = (await waitFor(() => existsSync(told) && readFileSync(told, 'utf8'), {within: 10_000, what: 'it is opened'})).trim();
    expect(file).toMatch(/\/display-[a-z2-7]+\.html$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(
      new RegExp(`content="0; url=http://127\\.0\\.0\\.1:${up.port}/display#j-[a-z2-7]+\\.[a-z2-7]+"`),
    );
  },
);

test.runIf(hasXvnc)('where nobody sits at a terminal nothing is opened, and -o json has the link', async () => {
  const {stdout} = await up.cli(['display', 'desk', '--browser', '-o', 'json'], {env: desktop});
  expect(JSON.parse(stdout)).toMatchObject({devbox: 'desk', url: expect.stringContaining('/display#j-') as string});
});

test.runIf(hasXvnc)('who may only look gets a link to the display that is open, and none where none is', async () => {
  const client = clientOf(up.api);
  const {token} = await client.tokensCreate({body: {name: 'looker', access: 'viewer'}});
  client.close();
  const as = (...args: readonly string[]) => up.cli(args, {env: {BOXYARD_TOKEN: token!}});
  expect((await as('display', 'desk', '--browser')).code).toBe(0);
  await up.ok('displays', 'close', 'desk');
  await waitFor(async () => (await up.ok('displays', 'list', '-o', 'name')) === '', {within: 20_000, what: 'it is closed'});
  expect(await as('display', 'desk', '--browser')).toMatchObject({code: 4, stderr: expect.stringContaining('viewer') as string});
});
