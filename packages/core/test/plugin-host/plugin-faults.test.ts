import {expect, test} from 'vitest';
import {createHost} from '../../src/plugin-host/plugin-faults.ts';

test('a plugin that floods the log has so many lines a minute, and how many more there were is told', () => {
  const lines: [string, string, object][] = [];
  let now = 0;
  const host = createHost(
    'loud',
    '/nowhere',
    (...line) => void lines.push(line),
    () => now,
  );
  for (let at = 0; at < 100_000; at += 1) host.log('info', 'x'.repeat(100_000), {data: 'y'.repeat(at < 2 ? 100_000 : 1)});
  expect(lines.length).toBe(500);
  expect(lines.every(line => JSON.stringify(line).length < 10_000)).toBe(true);
  expect(lines[0]![2]).toMatchObject({plugin: 'loud'});
  expect(lines[2]).toEqual(['info', 'x'.repeat(4_096), {data: 'y', plugin: 'loud'}]);
  now += 60_000;
  const round: {self?: object} = {};
  round.self = round;
  host.log('debug', 'calm', round);
  expect(lines.slice(500)).toEqual([
    ['warn', '99500 lines were left out: a plugin may write 500 a minute', {plugin: 'loud'}],
    ['debug', 'calm', {self: round, plugin: 'loud'}],
  ]);
});
