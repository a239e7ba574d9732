import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasXvnc} from '../packages/core/test/rfb/xvnc.ts';
import {countIn} from './desktop-picture.ts';
import {hasTmux, openTerminal, type Screen} from './terminal.ts';
import {baseImage, engines, Up, waitFor} from './up.ts';

const isHere = hasXvnc && hasTmux;
const boxes = ['desk', 'other'];

let up: Up;
beforeAll(async () => {
  if (!isHere) return;
  up = await Up.open();
  for (const box of boxes) await up.ok('devboxes', 'create', box, '--engine', 'process');
});
afterAll(async () => {
  // Of the engine process what was started lives on this machine.
  for (const box of boxes) await up?.cli(['devboxes', 'stop', box]);
  await up?.[Symbol.asyncDispose]();
});

const colours = {COLORTERM: 'truecolor', NO_COLOR: ''};
const dashboard = (env: Readonly<Record<string, string>> = colours, size = {columns: 120, rows: 40}) =>
  openTerminal(`${boxyard} dashboard`, {...up.env, ...env}, size);

async function isPainted(box: string, ...colour: [number, number, number]): Promise<boolean> {
  const file = join(up.path, `${box}.png`);
  await up.ok('display', 'shot', box, '-o', file);
  return countIn(readFileSync(file), ...colour) > 100_000;
}

/** On a desktop without a window manager the window under the pointer has the keyboard. */
const click = ['\u001b[<0;10;5M', '\u001b[<0;10;5m'];

/** Makes the background of the desktop's xterm this colour, which is seen by any eye. */
async function paint(screen: Screen, colour: string): Promise<void> {
  // To tmux a semicolon by itself ends the command.
  for (const key of `printf '\\033]11;${colour}\\007'`) await screen.keys(key === ' ' ? 'Space' : key === ';' ? '\\;' : key);
  await screen.keys('Enter');
}

const open = async (screen: Screen, box: string) => {
  await screen.shows(/● 127\.0\.0\.1:\d+/);
  await screen.keys('2');
  await screen.shows(new RegExp(`● +${box} +running`));
  await screen.keys('/', 'C-u', box, 'Enter', 'o');
  await screen.shows(new RegExp(`${box} · 1280x800 fitted · you control it`));
};

test.runIf(isHere)('o opens the desktop of the DevBox, keys go to it, and the dashboard comes back as it was', async () => {
  await using screen = await dashboard();
  await open(screen, 'desk');
  const recorded = await screen.record();
  await waitFor(() => isPainted('desk', 255, 255, 255), {within: 20_000, what: 'the desktop has a window'});
  await screen.keys(...click);
  await paint(screen, '#00ff00');
  await waitFor(() => recorded().includes('48;2;0;255;0'), {within: 20_000, what: 'its cells are green'});
  expect(await isPainted('desk', 0, 255, 0)).toBe(true);
  await screen.keys('C-q', 'd');
  await screen.shows(/DevBoxes 1 with \/desk[^]*● +desk +running[^]*\$ boxyard display desk +y copies/);
  // The display that is open is looked at, not another one.
  await screen.keys('o');
  await screen.shows(/desk · 1280x800 fitted · you control it/);
  await up.ok('displays', 'close', 'desk');
  await screen.shows(/DevBoxes 1 with \/desk[^]*The display of desk was closed; its desktop goes on\. o opens it again\./);
  await screen.keys('C-c', 'C-c');
  await screen.isRestored(0);
});

test.runIf(isHere)('open displays are small pictures side by side, in the colours they have, until one is closed', async () => {
  for (const box of boxes) await up.ok('display', 'shot', box, '-o', join(up.path, 'shot.png'));
  await using screen = await dashboard();
  await screen.shows(/● 127\.0\.0\.1:\d+/);
  const recorded = await screen.record();
  await screen.keys('V');
  await screen.shows(/ desk +other/);
  await screen.shows(/(idle|nobody looks)[^\n]*(idle|nobody looks)/);
  await waitFor(() => recorded().includes('48;2;0;255;0'), {within: 20_000, what: 'the picture of desk is green'});
  await using person = await openTerminal(`${boxyard} display desk`, {...up.env, ...colours});
  await person.shows(/you control it/);
  await screen.shows(/1 looks, \S+ controls/);
  const before = recorded().length;
  await person.keys(...click);
  await paint(person, '#0000ff');
  await waitFor(() => recorded().slice(before).includes('48;2;0;0;255'), {within: 20_000, what: 'the picture of desk is blue'});
  await person.keys('C-q', 'd');
  await screen.shows(/idle/);
  await screen.keys('Enter');
  await screen.shows(/desk · 1280x800 fitted · you control it/);
  await screen.keys('C-q', 'd');
  await screen.shows(/ desk +other/);
  await screen.keys('c');
  await screen.shows(/Close the display of desk\?/);
  await screen.keys('y');
  await waitFor(async () => (await up.ok('displays', 'list', '-o', 'name')).trim() === 'other', {within: 20_000, what: 'it is closed'});
  await screen.shows(/\$ boxyard displays close desk +y copies/);
  await screen.keys('C-c', 'C-c');
  await screen.isRestored(0);
});

test.runIf(isHere)('without colours the small pictures are letters, and a narrow screen has a list', async () => {
  await up.ok('display', 'shot', 'other', '-o', join(up.path, 'shot.png'));
  await using screen = await dashboard({NO_COLOR: '1'});
  await screen.shows(/● 127\.0\.0\.1:\d+/);
  await screen.keys('V');
  await screen.shows(/[.:=+#%@-]{20}/);
  await screen.keys('C-c', 'C-c');
  await screen.isRestored(0);
  await using narrow = await dashboard(colours, {columns: 90, rows: 30});
  await narrow.shows(/127\.0\.0\.1:\d+/);
  await narrow.keys('V');
  await narrow.shows(/DEVBOX +STATE[^]*other +open +\S+ +0/);
  await narrow.keys('C-c', 'C-c');
  await narrow.isRestored(0);
});

test.runIf(isHere)('a DevBox that is stopped says why it shows nothing, and a signal ends the view and the dashboard', async () => {
  await up.ok('devboxes', 'stop', 'other');
  await using screen = await dashboard();
  await open(screen, 'desk');
  await screen.signal('SIGTERM');
  await screen.isRestored(143);
  await using again = await dashboard();
  await again.shows(/● 127\.0\.0\.1:\d+/);
  await again.keys('2', '/', 'C-u', 'other', 'Enter', 'o');
  await again.shows(/other is stopped: it shows no desktop\. u starts it\./);
  await again.keys('C-c', 'C-c');
  await again.isRestored(0);
});

test.runIf(isHere && (await engines()).includes('docker'))(
  'an image without an X server is told of, with the line that adds one',
  async () => {
    await up.ok('devboxes', 'create', 'bare', '--engine', 'docker', '--image', baseImage, '--memory', '64m');
    await using screen = await dashboard({...colours, COLUMNS: '200'}, {columns: 200, rows: 40});
    await screen.shows(/● 127\.0\.0\.1:\d+/);
    await screen.keys('2', '/', 'C-u', 'bare', 'Enter', 'o');
    await screen.shows(/DevBoxes 1 with \/bare[^]*shows no desktop: its image has no X server/);
    await screen.keys('C-c', 'C-c');
    await screen.isRestored(0);
  },
);
