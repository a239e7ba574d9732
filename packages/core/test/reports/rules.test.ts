import {expect, test} from 'vitest';
import {timing} from '../../src/config/index.ts';
import {backOff, countAfter, failed, gapBefore, isOverdue, wants} from '../../src/reports/rules.ts';

const progress = {cursor: '1-5', enabled: true, tries: 0};
const hour = 3_600_000;

test.each([
  ['job.ended', ['job.*'], true],
  ['job.ended', ['*'], true],
  ['job.ended', ['worker.*', 'job.ended'], true],
  ['job.ended', ['job'], false],
  ['jobs.ended', ['job.*'], false],
  ['job', ['job.*'], false],
  ['job.ended', ['job.end'], false],
])('%s by %j: %s', (type, patterns, expected) => expect(wants(patterns, type)).toBe(expected));

test('waits double from five seconds to an hour, and differ by chance', () => {
  const waits = [1, 2, 3, 10, 11, 1_000].map(tries => backOff(tries, timing, 0.5));
  expect(waits).toEqual([5_000, 10_000, 20_000, 2_560_000, hour, hour]);
  expect([backOff(1, timing, 0), backOff(1, timing, 1)]).toEqual([4_000, 6_000]);
});

test('a receiver may ask for more time, up to an hour, and never for less', () => {
  const next = (retryInMs?: number) => failed(progress, {now: 1_000, chance: 0.5, retryInMs}, timing).nextAt - 1_000;
  expect([next(), next(1), next(60_000), next(10 * hour)]).toEqual([5_000, 5_000, 60_000, hour]);
});

test('an endpoint that takes nothing is given up after a day, an event looked behind after an hour', () => {
  const since = {...progress, tries: 3, since: 0, failingSince: 0};
  expect(failed(since, {now: 24 * hour - 1, chance: 0}, timing).givesUp).toBe(false);
  expect(failed(since, {now: 24 * hour, chance: 0}, timing).givesUp).toBe(true);
  expect([isOverdue(progress, hour, timing), isOverdue(since, hour - 1, timing), isOverdue(since, hour, timing)]).toEqual([
    false,
    false,
    true,
  ]);
});

test('a stream that begins behind the cursor has a gap, and one after a loss of Redis is counted by its numbers', () => {
  expect(gapBefore('1-6', '1-5')).toBeUndefined();
  expect(gapBefore('1-3', '1-5')).toBeUndefined();
  expect(gapBefore(undefined, '1-5')).toBeUndefined();
  expect(gapBefore('1-1', '0-0')).toBeUndefined();
  expect(gapBefore('1-9', '1-5')).toEqual({cursor: '1-8', missing: 3});
  expect(gapBefore('2-9', '1-5')).toEqual({cursor: '2-8', missing: 3});
  expect([countAfter('1-9', '1-5'), countAfter('1-5', '1-5'), countAfter('2-3', '1-5')]).toEqual([4, 0, 1]);
});
