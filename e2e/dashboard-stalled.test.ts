import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import pty from '@lydell/node-pty';
import headless from '@xterm/headless';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()), 60_000);
afterAll(() => up?.[Symbol.asyncDispose](), 60_000);

/** A terminal whose reader is stopped and goes on when it is told to. */
async function open() {
  const env = {...up.env, TERM: 'xterm-256color', COLORTERM: 'truecolor', CI: ''};
  const child = pty.spawn(boxyard, ['dashboard'], {name: 'xterm-256color', cols: 160, rows: 50, env});
  const terminal = new headless.Terminal({cols: 160, rows: 50, allowProposedApi: true});
  let bytes = 0;
  child.onData(data => {
    bytes += data.length;
    terminal.write(data);
  });
  terminal.onData(answer => child.write(answer));
  const shows = (what: string, within: number) => waitFor(() => linesOf(terminal).includes(what), {within, what: `${what} on the screen`});
  const ended = new Promise<number>(resolve => child.onExit(({exitCode}) => resolve(exitCode)));
  await shows('1 worker', 20_000);
  const residentMiB = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
  return {child, ended, shows, residentMiB, bytes: () => bytes};
}

const linesOf = ({buffer, rows}: headless.Terminal): string =>
  Array.from({length: rows}, (_, y) => buffer.active.getLine(y)?.translateToString(true) ?? '').join('\n');

/** Whole pages, one after the other, that nobody reads. */
async function flood(child: pty.IPty, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++)
    for (const key of ['2', '5', '9']) {
      child.write(key);
      await delay(25);
    }
}

test('a terminal that takes nothing neither stops the dashboard nor makes it grow; then it shows what is so by then', async () => {
  const {child, residentMiB, shows, bytes, ended} = await open();
  child.pause();
  await flood(child, 40);
  const before = residentMiB();
  await flood(child, 60);
  expect(residentMiB() - before).toBeLessThan(8);
  child.write('8');
  await delay(100);
  const read = bytes();
  child.resume();
  await shows('Nothing was said yet', 5_000);
  // What the kernel held, and at most a few frames more.
  expect(bytes() - read).toBeLessThan(200_000);
  child.write('\u0003\u0003');
  expect(await ended).toBe(0);
}, 60_000);

test('it ends on a signal also while its terminal takes nothing', async () => {
  const {child, ended} = await open();
  child.pause();
  await flood(child, 40);
  process.kill(child.pid, 'SIGTERM');
  await waitFor(() => !isThere(child.pid), {within: 20_000, what: 'its end'});
  child.resume();
  await ended;
}, 60_000);

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
