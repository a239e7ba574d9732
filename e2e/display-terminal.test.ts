import {execFile, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {RfbClient} from '@boxyard/core/rfb';
import {boxyard} from '../faults/lab/directories.ts';
import {hasXvnc, startXvnc} from '../packages/core/test/rfb/xvnc.ts';
import {countIn} from './desktop-picture.ts';
import {hasTmux, openTerminal, type Screen} from './terminal.ts';
import {killPart, Up, waitFor} from './up.ts';

const exec = promisify(execFile);
const hasViewer = await exec('xtigervncviewer', ['-help']).then(
  () => true,
  (error: {code?: string}) => error.code !== 'ENOENT' || (console.log('skipped: no xtigervncviewer here'), false),
);
const colours = {COLORTERM: 'truecolor', NO_COLOR: ''};

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

async function shot(): Promise<Buffer> {
  const file = join(up.path, 'desk.png');
  await up.ok('display', 'shot', 'desk', '-o', file);
  return readFileSync(file);
}
const isPainted = async (...colour: [number, number, number]) => countIn(await shot(), ...colour) > 100_000;

/** On a desktop without a window manager the window under the pointer has the keyboard. */
const click = ['\u001b[<0;10;5M', '\u001b[<0;10;5m'];

/** Makes the background of the desktop's xterm this colour, which is seen by any eye, and by this name. */
const paint = (colour: string) => `printf '\\033]11;${colour}\\007'`;
async function type(screen: Screen, text: string): Promise<void> {
  // To tmux a semicolon by itself ends the command.
  for (const key of text) await screen.keys(key === ' ' ? 'Space' : key === ';' ? '\\;' : key);
  await screen.keys('Enter');
}

test.runIf(hasXvnc && hasTmux)('the desktop is seen and typed into in a terminal, which is given back as it was', async () => {
  await using screen = await openTerminal(`${boxyard} display desk`, {...up.env, ...colours});
  await screen.shows(/desk · 1280x800 fitted · you control it/);
  const recorded = await screen.record();
  // Its terminal is there a moment after the desktop.
  await waitFor(() => isPainted(255, 255, 255), {within: 20_000, what: 'the desktop has a window'});
  await screen.keys(...click);
  await type(screen, paint('#00ff00'));
  await waitFor(() => recorded().includes('48;2;0;255;0'), {within: 20_000, what: 'its cells are green'});
  expect(await isPainted(0, 255, 0)).toBe(true);
  await screen.keys('C-q', 'z');
  await screen.shows(/1280x800 1:1/);
  const still = recorded().length;
  for (let pictures = 0; pictures < 3; pictures += 1) await shot();
  expect(recorded().length - still).toBeLessThan(2_000);
  await killPart(up, /agent\.js|agent-main/);
  await screen.shows(/you control it/);
  await screen.keys('C-q', 'd');
  await screen.isRestored(0);
});

test.runIf(hasXvnc && hasTmux)('who only looks types nothing; who takes control does', async () => {
  await using one = await openTerminal(`${boxyard} display desk`, {...up.env, ...colours});
  await one.shows(/you control it/);
  await using other = await openTerminal(`${boxyard} display desk`, {...up.env, ...colours});
  await other.shows(/another controls it/);
  await using third = await openTerminal(`${boxyard} display --read-only desk`, {...up.env, ...colours});
  await third.shows(/looking on/);
  await type(third, paint('#ff0000'));
  await type(other, paint('#ff0000'));
  await other.keys('C-q', 't');
  await other.shows(/you control it/);
  await one.shows(/Another viewer controls it now/);
  await type(one, paint('#ff0000'));
  await other.keys(...click);
  await type(other, paint('#0000ff'));
  await waitFor(() => isPainted(0, 0, 255), {within: 20_000, what: 'the window is blue'});
  await third.keys('C-q', 'd');
  await third.isRestored(0);
  await one.signal('SIGTERM');
  await one.isRestored(143);
});

test.runIf(hasXvnc && hasTmux)('a desktop that ends while it is shown is not said to have been closed', async () => {
  await up.ok('devboxes', 'create', 'mortal', '--engine', 'process');
  await using screen = await openTerminal(`${boxyard} display mortal`, {...up.env, ...colours});
  await screen.shows(/mortal · 1280x800 fitted/);
  await up.ok('devboxes', 'stop', 'mortal');
  await screen.shows(/The display of mortal ended\. Why: boxyard jobs logs j-[a-z2-7]+ --stream log/);
  await screen.isRestored(0);
});

test.runIf(hasXvnc && hasTmux)('without colours it is letters', async () => {
  await using screen = await openTerminal(`${boxyard} display desk --graphics ascii`, {...up.env});
  await screen.shows(/you control it/);
  await screen.shows(/[.:=+#%@-]{20}/);
  await screen.keys('C-q', 'd');
  await screen.isRestored(0);
});

test.runIf(hasXvnc && hasViewer)('TigerVNC’s own viewer sees it and types into it', async () => {
  const serving = spawn(boxyard, ['display', 'desk', '--listen', '0', '-o', 'json'], {env: up.env, stdio: ['ignore', 'pipe', 'inherit']});
  onTestFinished(() => void serving.kill('SIGKILL'));
  let said = '';
  serving.stdout.on('data', part => (said += String(part)));
  const address = await waitFor(() => /127\.0\.0\.1:(\d+)/.exec(said), {within: 20_000, what: 'it listens'});
  await using eye = await startXvnc({size: '1400x900'});
  eye.run('xtigervncviewer', '-RemoteResize=0', '-geometry', '1300x850+0+0', `127.0.0.1::${address[1]}`);
  const {signal} = new AbortController();
  using seen = await RfbClient.open(await eye.connect(), {signal, updated: () => undefined});
  const sees = (pixel: number) => {
    seen.ask();
    return seen.framebuffer.pixels.reduce((count, one) => count + Number(one === pixel), 0) > 100_000;
  };
  const xdotool = (...args: readonly string[]) => exec('xdotool', [...args], {env: {...process.env, DISPLAY: eye.display}});
  await waitFor(() => sees(0xffffff) || sees(0xff0000), {within: 20_000, what: 'the viewer shows the desktop'});
  // Nothing on that screen gives a window the keyboard.
  await xdotool('search', '--name', 'TigerVNC', 'windowfocus');
  await xdotool('mousemove', '300', '200', 'click', '1', 'type', '--delay', '20', paint('#ffff00'));
  await xdotool('key', 'Return');
  await waitFor(() => sees(0x00ffff), {within: 20_000, what: 'the viewer shows yellow'});
  expect(await isPainted(255, 255, 0)).toBe(true);
  serving.kill('SIGINT');
  await new Promise(resolve => serving.once('exit', resolve));
});
