import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasXvnc} from '../packages/core/test/rfb/xvnc.ts';
import {decodePng, type Decoded} from '../packages/tui/test/screen/graphics/decode-png.ts';
import {answers, openPicturePty, type PicturePty} from './picture-pty.ts';
import {hasTmux} from './terminal.ts';
import {Up, waitFor} from './up.ts';

const exec = promisify(execFile);
/** As large as the desktop of 1280×800, and a column on either side. */
const size = {columns: 130, rows: 42, cell: {width: 10, height: 20}};
/** Of what nobody knows the cells of, which are taken to be so. */
const guessed = {columns: 162, rows: 52, cell: {width: 8, height: 16}};
const colours = {COLORTERM: 'truecolor', NO_COLOR: '', TMUX: '', TERM: 'xterm-256color'};

let up: Up;
beforeAll(async () => {
  if (!hasXvnc) return;
  up = await Up.open();
  await up.ok('devboxes', 'create', 'desk', '--engine', 'process');
});
afterAll(async () => {
  await up?.cli(['devboxes', 'stop', 'desk']);
  await up?.[Symbol.asyncDispose]();
});

async function shot(): Promise<Decoded> {
  const file = join(up.path, 'desk.png');
  await up.ok('display', 'shot', 'desk', '-o', file);
  return decodePng(readFileSync(file));
}

/** Makes the background of the desktop's xterm this colour. The window under the pointer has the keyboard. */
function paint(view: PicturePty, colour: string): void {
  view.type('\u001b[<0;10;5M\u001b[<0;10;5m');
  view.type(`printf '\\033]11;${colour}\\007'\r`);
}

const count = (pixels: Int32Array, wanted: number): number => pixels.reduce((sum, pixel) => sum + Number(pixel === wanted), 0);
const isPainted = async (wanted: number) => count((await shot()).pixels, wanted) > 100_000;

/** Pixels of the picture that the terminal shows otherwise, or not where it should. */
async function wrongPixels({terminal}: PicturePty, picture: Decoded, tolerance: number): Promise<number> {
  const shown = await terminal.pixels();
  const left = shown.findIndex(pixel => pixel >= 0) % terminal.width;
  const top = Math.floor(shown.findIndex(pixel => pixel >= 0) / terminal.width);
  const far = (a: number, b: number) => Math.max(...[0, 8, 16].map(shift => Math.abs(((a >> shift) & 255) - ((b >> shift) & 255))));
  let wrong = 0;
  for (let y = 0; y < picture.height; y += 1)
    for (let x = 0; x < picture.width; x += 1) {
      const at = shown[(top + y) * terminal.width + left + x] ?? -1;
      wrong += Number(at < 0 || far(at, picture.pixels[y * picture.width + x]!) > tolerance);
    }
  return wrong;
}

const isSameAsShot = (view: PicturePty, tolerance = 0) =>
  waitFor(async () => (await wrongPixels(view, await shot(), tolerance)) === 0, {
    within: 30_000,
    what: 'the terminal shows what a shot does',
  });

const display = (...flags: readonly string[]): [string, ...string[]] => [boxyard, 'display', 'desk', ...flags];

test.runIf(hasXvnc)('on a terminal that answers as kitty it is pixels, the same as in a shot, and nothing while it rests', async () => {
  using view = openPicturePty(display('--graphics', 'auto'), {...size, env: {...up.env, ...colours}, answer: answers.kitty});
  await view.shows(/desk · 1280x800 fitted · you control it/);
  await waitFor(() => isPainted(0xffffff), {within: 20_000, what: 'the desktop has a window'});
  paint(view, '#00c0ff');
  await waitFor(() => isPainted(0xffc000), {within: 20_000, what: 'the window is painted'});
  await isSameAsShot(view);
  expect(view.terminal.kitty.kept.size).toBeGreaterThan(20);
  const still = view.bytes();
  for (let pictures = 0; pictures < 3; pictures += 1) await shot();
  expect(view.bytes()).toBe(still);
  view.type('\u0011d');
  expect(await view.ended).toBe(0);
  expect((await view.terminal.pixels()).every(pixel => pixel === -1)).toBe(true);
  expect(view.terminal.kitty.kept.size).toBe(0);
});

test.runIf(hasXvnc)('on one that says it has sixels it is those, as near as their colours are', async () => {
  using view = openPicturePty(display(), {...size, env: {...up.env, ...colours}, answer: answers.sixel});
  await view.shows(/desk · 1280x800 fitted · you control it/);
  await waitFor(() => isPainted(0xffffff).then(is => is || isPainted(0xffc000)), {within: 20_000, what: 'the desktop has a window'});
  paint(view, '#305070');
  await waitFor(() => isPainted(0x705030), {within: 20_000, what: 'the window is painted'});
  await isSameAsShot(view, 2);
  expect(view.terminal.kitty.kept.size).toBe(0);
});

/** tmux on a terminal that calls itself kitty's. */
async function inTmux(passes: 'on' | 'off'): Promise<PicturePty> {
  const name = `boxyard-${randomBytes(6).toString('hex')}`;
  const terminfo = join(up.path, 'terminfo');
  const {stdout: entry} = await exec('infocmp', ['xterm-256color']);
  writeFileSync(join(up.path, 'kitty.ti'), entry.replace(/^xterm-256color\|.*$/m, 'xterm-kitty|kitty,'));
  await exec('tic', ['-x', '-o', terminfo, join(up.path, 'kitty.ti')]);
  const settings = join(up.path, `${name}.conf`);
  writeFileSync(settings, `set -g status off\nset -g allow-passthrough ${passes}\nset -g default-terminal tmux-256color\n`);
  const env = {...up.env, ...colours, TERM: 'xterm-kitty', TERMINFO: terminfo, LC_ALL: 'C.UTF-8'};
  const {TMUX: _inside, ...outside} = env;
  onTestFinished(async () => void (await exec('tmux', ['-L', name, 'kill-server']).catch(() => undefined)));
  const command = display()
    .map(word => `'${word}'`)
    .join(' ');
  return openPicturePty(['tmux', '-u', '-L', name, '-f', settings, 'new-session', command], {
    ...guessed,
    env: outside,
    answer: answers.kittyToTmux,
  });
}

test.runIf(hasXvnc && hasTmux)('behind a tmux that passes pictures on it is pixels as well', async () => {
  using view = await inTmux('on');
  await view.shows(/desk · 1280x800 fitted · you control it/);
  await isSameAsShot(view);
});

test.runIf(hasXvnc && hasTmux)('behind a tmux that does not it is half blocks', async () => {
  using view = await inTmux('off');
  await view.shows(/you control it/);
  await view.shows(/▀/);
  expect(view.terminal.kitty.kept.size).toBe(0);
});

test.runIf(hasXvnc)('--print-caps says what the terminal answered and what comes of it', async () => {
  using view = openPicturePty([boxyard, 'dashboard', '--print-caps'], {...size, env: {...up.env, ...colours}, answer: answers.kitty});
  expect(await view.ended).toBe(0);
  const said = (await view.terminal.lines()).join('\n');
  expect(said).toMatch(/terminal +kitty\(0\.35\.2\)/);
  expect(said).toMatch(/graphics +kitty-placeholder: /);
  expect(said).toMatch(/size +130×42 cells of 10×20 pixels/);
});
