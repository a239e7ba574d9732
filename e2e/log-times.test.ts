import {afterAll, beforeAll, expect, test} from 'vitest';
import {Up} from './up.ts';

/** When a job wrote what. */
let up: Up;
let job: string;
beforeAll(async () => {
  up = await Up.open();
  job = await up.detached('--engine', 'process', '--', 'sh', '-c', 'echo one; echo uno; sleep 3; echo two; sleep 3; echo three');
  await up.ended(job);
});
afterAll(() => up?.[Symbol.asyncDispose]());

const told = async (...flags: readonly string[]) =>
  (await up.ok('jobs', 'logs', job, '--timestamps', ...flags))
    .trimEnd()
    .split('\n')
    .map(line => ({at: Date.parse(line.slice(0, 20)), text: line.slice(21)}));

test('each line is told the second in which it came', async () => {
  const lines = await told();
  expect(lines.map(line => line.text)).toEqual(['one', 'uno', 'two', 'three']);
  const [one, uno, two, three] = lines.map(line => line.at);
  expect([uno! - one!, Math.abs(two! - one! - 3_000) <= 1_500, Math.abs(three! - two! - 3_000) <= 1_500]).toEqual([0, true, true]);
  const {startedAt = ''} = await up.json<{startedAt?: string}>('jobs', 'show', job);
  expect(Math.abs(one! - Date.parse(startedAt))).toBeLessThan(5_000);
  expect(await told('--follow')).toEqual(lines);
  expect(await told('--tail', '1')).toEqual(lines.slice(3));
});

test('what came since a time is shown, and nothing before it', async () => {
  const two = new Date((await told())[2]!.at).toISOString();
  for (const follow of [[], ['--follow']]) {
    expect(await up.ok('jobs', 'logs', job, '--since', two, ...follow)).toBe('two\nthree\n');
    expect(await up.ok('jobs', 'logs', job, '--since', '1h', ...follow)).toBe('one\nuno\ntwo\nthree\n');
    expect(await up.ok('jobs', 'logs', job, '--since', '2199-01-01', ...follow)).toBe('');
  }
  const wrong = await up.cli(['jobs', 'logs', job, '--since', 'yesterday']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--since')]);
});
