import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import pty from '@lydell/node-pty';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => {
  up = await Up.open();
  await up.ok('devboxes', 'create', 'loud', '--engine', 'process');
}, 60_000);
afterAll(async () => {
  // What fills them lives on this machine.
  await up?.cli(['devboxes', 'stop', 'loud']);
  await up?.[Symbol.asyncDispose]();
}, 60_000);

/** A terminal that a program fills, whose reader is stopped. */
async function stalled(name: string, size = {cols: 80, rows: 24}) {
  const env = {...up.env, TERM: 'xterm-256color', CI: ''};
  const child = pty.spawn(boxyard, ['terminal', '--name', name, 'loud'], {name: 'xterm-256color', ...size, env});
  let text = '';
  child.onData(data => void (text = (text + data).slice(-100_000)));
  const ended = new Promise<number>(resolve => child.onExit(({exitCode}) => resolve(exitCode)));
  // No line is as the one before: a picture of another size shows what changed alone.
  child.write('i=0; while :; do i=$((i+1)); echo $i-0123456789012345678901234567890123456789; done\r');
  await waitFor(() => text.split('0123456789').length > 50, {within: 20_000, what: 'much output'});
  child.pause();
  await delay(1_500);
  const residentMiB = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
  return {child, ended, residentMiB};
}

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('a terminal that takes nothing hears its keys all the same, and keeps no more than it may send', async () => {
  const {child, ended, residentMiB} = await stalled('keys');
  const before = residentMiB();
  await delay(2_000);
  expect(residentMiB() - before).toBeLessThan(8);
  child.write('\u0011d');
  await waitFor(() => !isThere(child.pid), {within: 20_000, what: 'it is left'});
  child.resume();
  expect(await ended).toBe(0);
}, 60_000);

test('it ends on a signal, also where the session has another size', async () => {
  const first = await stalled('sizes', {cols: 100, rows: 30});
  const second = await stalled('sizes');
  for (const {child, ended} of [second, first]) {
    process.kill(child.pid, 'SIGTERM');
    await waitFor(() => !isThere(child.pid), {within: 20_000, what: 'its end'});
    child.resume();
    await ended;
  }
}, 60_000);
