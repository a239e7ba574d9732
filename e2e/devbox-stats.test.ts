import {spawn} from 'node:child_process';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {DevBoxStatsView} from '@boxyard/core/api';
import {boxyard} from '../faults/lab/directories.ts';
import {engines, on, Up, waitFor} from './up.ts';

const here = await engines();
let up: Up;
beforeAll(async () => {
  up = await Up.open();
});
afterAll(() => up?.[Symbol.asyncDispose]());

interface Row {
  readonly name: string;
  readonly stats?: DevBoxStatsView;
  readonly error?: {readonly code: string};
}
const statsOf = async (...names: readonly string[]): Promise<readonly Row[]> =>
  (await up.json<{items: Row[]}>('devboxes', 'stats', ...names)).items;

describe.each(here)('CPU and memory of a DevBox on %s', engine => {
  test('rise with what runs in it, are in show, and are refused with a reason when it is stopped', async () => {
    const name = `busy-${engine}`;
    await up.ok('devboxes', 'create', name, ...on(engine));
    const idle = (await statsOf(name))[0]!.stats!;
    expect(idle.cpuPercent).toBeLessThan(50);
    expect(idle.memoryLimitBytes !== undefined).toBe(engine !== 'process');
    await up.ok('exec', '--detach', '--name', 'loop', name, '--', 'sh', '-c', 'while :; do :; done');
    const busy = await waitFor(
      async () => {
        const {stats} = (await statsOf(name))[0]!;
        return stats !== undefined && stats.cpuPercent > 40 ? stats : undefined;
      },
      {within: 20_000, what: 'the loop is seen'},
    );
    expect(busy.memoryBytes).toBeGreaterThan(0);
    expect(busy.pids).toBeGreaterThan(0);
    expect(await up.ok('devboxes', 'show', name)).toMatch(/^CPU: +[\d.]+ %$/m);
    expect((await statsOf()).map(row => row.name)).toContain(name);
    await up.ok('devboxes', 'stop', name, '--grace', '1s');
    const stopped = await up.cli(['devboxes', 'stats', name]);
    expect([stopped.code, stopped.stderr]).toEqual([6, `DevBox ${name} is stopped.\nboxyard devboxes start ${name}\n`]);
    expect(await up.ok('devboxes', 'show', name)).not.toMatch(/^CPU:/m);
  });
});

test('one of two that cannot be told is a row with its reason and exit 7; --follow goes on until Ctrl-C', async () => {
  await up.ok('devboxes', 'create', 'one', '--engine', 'process');
  const two = await up.cli(['devboxes', 'stats', 'one', 'nothing', '-o', 'jsonl']);
  expect(two.code).toBe(7);
  expect(
    two.stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as Row).error?.code),
  ).toEqual([undefined, 'NOT_FOUND']);
  const child = spawn(boxyard, ['devboxes', 'stats', 'one', '--follow', '-o', 'jsonl'], {env: up.env, stdio: ['ignore', 'pipe', 'ignore']});
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  let seen = '';
  child.stdout.on('data', (bytes: Buffer) => (seen += bytes));
  await waitFor(() => seen.split('\n').length > 2, {within: 15_000, what: 'two rounds'});
  child.kill('SIGINT');
  expect(await ended).toBe(130);
});
