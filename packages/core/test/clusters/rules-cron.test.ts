import {expect, test} from 'vitest';
import {checkCron, nextOf, nextTime} from '../../src/clusters/rules-cron.ts';

const at = (text: string) => Date.parse(text);
const times = (schedule: string, timezone: string, from: string, count: number): string[] => {
  const found: string[] = [];
  for (let after = at(from); found.length < count;) {
    after = nextTime({schedule, timezone}, after);
    found.push(new Date(after).toISOString());
  }
  return found;
};

test('a schedule is read in its time zone', () => {
  expect(times('30 9 * * 1-5', 'Europe/Berlin', '2026-07-03T12:00:00Z', 2)).toEqual([
    '2026-07-06T07:30:00.000Z',
    '2026-07-07T07:30:00.000Z',
  ]);
  expect(times('30 9 * * *', 'UTC', '2026-07-03T12:00:00Z', 1)).toEqual(['2026-07-04T09:30:00.000Z']);
});

test('the hour that comes twice in autumn is named once', () => {
  expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
});

test('the hour that is left out in spring is named once that day all the same', () => {
  const [gap, next] = times('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2);
  expect(gap!.slice(0, 10)).toBe('2026-03-29');
  expect(next).toBe('2026-03-30T00:30:00.000Z');
});

test('of several the first counts', () => {
  const crons = [{schedule: '0 12 * * *'}, {schedule: '*/10 * * * *'}];
  expect(nextOf(crons, at('2026-01-01T11:55:00Z'))).toMatchObject({at: at('2026-01-01T12:00:00Z')});
  expect(nextOf(crons, at('2026-01-01T12:00:00Z'))).toEqual({at: at('2026-01-01T12:10:00Z'), cron: crons[1]});
  expect(nextOf([], 0)).toBeUndefined();
});

test.each([
  ['* * * * * *', undefined, 'expected five fields'],
  ['61 * * * *', undefined, ''],
  ['every day', undefined, 'expected five fields'],
  ['0 0 30 2 *', undefined, ''],
  ['0 0 * * *', 'Mars/Olympus', 'expected a name such as Europe/Paris'],
])('%j in %j is refused when it is written', (schedule, timezone, issue) => {
  expect(() => checkCron({schedule, timezone}, 'triggers.cron.0', at('2026-01-01T00:00:00Z'))).toThrow(issue);
});
