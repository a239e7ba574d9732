import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {duplexPair} from 'node:stream';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {RfbClient} from '@boxyard/core/rfb';
import {boxyard} from '../faults/lab/directories.ts';
import {run} from '../faults/lab/run-command.ts';
import {clientOf} from '../faults/lab/terminal-viewer.ts';
import {hasXvnc} from '../packages/core/test/rfb/xvnc.ts';
import {decodeApng} from '../packages/tui/test/output/decode-apng.ts';
import {Chromium, hasChromium} from './chromium.ts';
import {countIn, rgbOf} from './desktop-picture.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => {
  if (!hasXvnc) return;
  up = await Up.open();
  await up.ok('devboxes', 'create', 'film', '--engine', 'process');
  await shot();
});
afterAll(async () => {
  await up?.cli(['devboxes', 'stop', 'film']);
  await up?.[Symbol.asyncDispose]();
});

async function shot(): Promise<Buffer> {
  const file = join(up.path, 'film.png');
  await up.ok('display', 'shot', 'film', '-o', file);
  return readFileSync(file);
}

/** Types into the desktop's terminal, over a look of its own. */
async function type(text: string): Promise<void> {
  const over = new AbortController();
  const {signal} = over;
  const client = clientOf(up.api);
  const [near, far] = duplexPair();
  try {
    const {id: job} = await client.devboxesDisplay({devbox: 'film', body: {}});
    client.viewDisplay({job, control: 'take', signal}, far).then(
      () => near.destroy(),
      (error: Error) => near.destroy(error),
    );
    using screen = await RfbClient.open(near, {signal, openWithinMs: 30_000});
    screen.pointer(100, 100, 0);
    for (const letter of text) for (const isDown of [true, false]) screen.key(letter === '\n' ? 0xff0d : letter.charCodeAt(0), isDown);
    // Its words have arrived when it is answered.
    const answered = new Promise(resolve => near.once('data', resolve));
    screen.ask(true);
    await answered;
  } finally {
    over.abort();
    client.close();
  }
}

/** The terminal becomes these colours in turn, half a second each. */
const paint = (...colours: readonly string[]) =>
  type(`${colours.map(colour => `printf '\\033]11;#${colour}\\007'; sleep 0.5`).join('; ')}\n`);

function record(name: string, ...flags: readonly string[]) {
  const path = join(up.path, name);
  const child = spawn(boxyard, ['display', 'film', '--record', path, ...flags], {env: up.env, stdio: ['ignore', 'ignore', 'pipe']});
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', part => (said += String(part)));
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve));
  const pictures = () => {
    try {
      return decodeApng(readFileSync(path)).pictures.length;
    } catch {
      return 0;
    }
  };
  return {path, child, ended, said: () => said, pictures};
}

test.runIf(hasXvnc)('what changes is recorded, to its last pixel, until Ctrl-C', async () => {
  const film = record('a.png');
  await waitFor(() => film.pictures() > 0, {within: 20_000, what: 'the first picture is there'});
  await paint('ff0000', '00ff00');
  await waitFor(async () => countIn(await shot(), 0, 255, 0) > 100_000, {within: 20_000, what: 'the terminal is green'});
  const last = rgbOf(await shot());
  await waitFor(() => decodeApng(readFileSync(film.path)).pictures.at(-1)!.rgb.equals(last), {within: 20_000, what: 'it is recorded'});
  film.child.kill('SIGINT');
  expect(await film.ended).toBe(0);
  const {width, height, pictures} = decodeApng(readFileSync(film.path));
  expect([width, height]).toEqual([1280, 800]);
  expect(pictures.length).toBeGreaterThan(2);
  expect(pictures.slice(1).every(({area}) => area.width * area.height < width * height)).toBe(true);
  expect(film.said()).toMatch(/a\.png: \d+ pictures of 1280x800, \d+(\.\d)? s\. Any browser plays it\./);
});

test.runIf(hasXvnc && hasChromium)('Chromium plays it: as many pictures, the same pixels, as long', async () => {
  const film = record('b.png', '--for', '4s');
  await waitFor(() => film.pictures() > 0, {within: 20_000, what: 'the first picture is there'});
  await paint('0000ff', 'ffff00');
  expect(await film.ended).toBe(0);
  const bytes = readFileSync(film.path);
  const {pictures} = decodeApng(bytes);
  expect(pictures.length).toBeGreaterThan(2);
  const whole = pictures.reduce((sum, {shownMs}) => sum + shownMs, 0);
  expect(whole).toBeGreaterThan(3_500);
  expect(whole).toBeLessThan(6_000);
  const server = createServer((request, response) => {
    if (request.url === '/b.png') response.setHeader('content-type', 'image/png').end(bytes);
    else response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:,">');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  await using chromium = await Chromium.open();
  const tab = await chromium.visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await waitFor(() => tab.evaluate('document.readyState === "complete" && location.port !== ""'), {within: 10_000, what: 'it is there'});
  const seen = await tab.evaluate<{count: number; lengths: number[]; differs: number; repeats: string}>(`(async () => {
    const decoder = new ImageDecoder({type: 'image/png', data: await (await fetch('/b.png')).arrayBuffer(), colorSpaceConversion: 'none'});
    await decoder.tracks.ready;
    await decoder.completed;
    const {frameCount, repetitionCount} = decoder.tracks.selectedTrack;
    const lengths = [];
    let last;
    for (let at = 0; at < frameCount; at += 1) {
      const {image} = await decoder.decode({frameIndex: at});
      lengths.push(image.duration / 1000);
      last?.close();
      last = image;
    }
    const canvas = new OffscreenCanvas(last.displayWidth, last.displayHeight);
    const context = canvas.getContext('2d');
    context.drawImage(last, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    const wanted = Uint8Array.from(atob(${JSON.stringify(pictures.at(-1)!.rgb.toString('base64'))}), letter => letter.charCodeAt(0));
    let differs = 0;
    for (let at = 0, to = 0; at < data.length; at += 4) for (let part = 0; part < 3; part += 1) differs += data[at + part] !== wanted[to++];
    return {count: frameCount, lengths, differs, repeats: String(repetitionCount)};
  })()`);
  server.close();
  expect(seen).toMatchObject({count: pictures.length, differs: 0, repeats: 'Infinity'});
  expect(seen.lengths.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(whole * 0.9);
});

test.runIf(hasXvnc)('a recorder that is killed leaves a picture that can be played', async () => {
  const film = record('c.png');
  await waitFor(() => film.pictures() > 0, {within: 20_000, what: 'the first picture is there'});
  await paint('ff00ff');
  await waitFor(() => film.pictures() > 1, {within: 20_000, what: 'what changed is there'});
  film.child.kill('SIGKILL');
  await film.ended;
  expect(decodeApng(readFileSync(film.path)).pictures.length).toBeGreaterThan(1);
});

test.runIf(hasXvnc)('a name that is taken, a pipe and a folder that is not there are refused before anything is shown', async () => {
  const ran = async (...args: readonly string[]) => {
    const {code, stderr} = await up.cli(['display', 'film', '--record', ...args]);
    return `${code} ${stderr}`;
  };
  await up.ok('display', 'shot', 'film', '-o', 'taken.png');
  expect(await ran('taken.png')).toMatch(/^2 .*is there already[\s\S]*Take another name/);
  expect(await ran('-')).toMatch(/^2 .*is no file/);
  expect(await ran('nowhere/a.png')).toMatch(/^2 .*no such file/);
  expect(existsSync(join(up.path, 'nowhere'))).toBe(false);
});

test.runIf(hasXvnc)('a disk that is full says so, and what was recorded before can be played', async () => {
  const path = join(up.path, 'd.png');
  // In blocks of 512 bytes; the first picture of a desktop this plain takes less, noise does not.
  const running = run(['sh', '-c', `ulimit -f 40; exec "$0" display film --record ${path}`, boxyard], {env: up.env});
  await waitFor(() => existsSync(path) && readFileSync(path).length > 1_000, {within: 20_000, what: 'the first picture is there'});
  await up.ok(
    'exec',
    'film',
    '--',
    'sh',
    '-c',
    'xterm -display :1 -geometry 150x50+0+0 -e sh -c "head -c 60000 /dev/urandom | base64; sleep 3"',
  );
  const {code, stderr} = await running;
  expect(code).toBe(2);
  expect(stderr).toMatch(/--record: .*(too large|EFBIG)[\s\S]*Record to another place/);
  expect(decodeApng(readFileSync(path)).pictures.length).toBeGreaterThan(0);
});

test.runIf(hasXvnc && hasTmux)('in a terminal it is shown and recorded until the person leaves', async () => {
  const path = join(up.path, 'e.png');
  await using screen = await openTerminal(`${boxyard} display film --record ${path}`, {...up.env, COLORTERM: 'truecolor', NO_COLOR: ''});
  await screen.shows(/you control it/);
  await waitFor(() => existsSync(path) && readFileSync(path).length > 1_000, {within: 20_000, what: 'it is recorded'});
  await screen.keys('C-q', 'd');
  await screen.isRestored(0);
  await screen.shows(/e\.png: \d+ pictures? of 1280x800/);
  expect(decodeApng(readFileSync(path)).pictures.length).toBeGreaterThan(0);
});
