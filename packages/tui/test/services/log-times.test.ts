import {expect, test} from 'vitest';
import {createStamper, offsetSince, placed} from '../../src/services/log-times.ts';

const marks = [
  {offset: 0, at: 10_000},
  {offset: 30, at: 11_000},
  {offset: 50, at: 60_000},
];

test('what came since a time begins with its first byte, at most a second early, and is nothing where nothing came', () => {
  expect(offsetSince(marks, 0, 1_000)).toBe(0);
  expect(offsetSince(marks, 10_500, 1_000)).toBe(0);
  expect(offsetSince(marks, 11_000, 1_000)).toBe(30);
  expect(offsetSince(marks, 12_000, 1_000)).toBe(50);
  expect(offsetSince(marks, 60_500, 1_000)).toBe(50);
  expect(offsetSince(marks, 61_000, 1_000)).toBeUndefined();
  expect(offsetSince([], 0, 1_000)).toBeUndefined();
});

test('each line gets the time of its first byte, however the bytes are cut', () => {
  const stamp = createStamper(offset => offset * 1_000);
  const text = ['a\nb', 'b\n', 'c'].reduce(
    ({at, out}, part) => ({at: at + part.length, out: out + Buffer.from(stamp({offset: at, bytes: Buffer.from(part)})).toString()}),
    {at: 0, out: ''},
  ).out;
  expect(text).toBe('1970-01-01T00:00:00Z a\n1970-01-01T00:00:02Z bb\n1970-01-01T00:00:05Z c');
});

test('bytes behind a gap are where they were written', async () => {
  const bytes = async function* () {
    yield Buffer.from('abcdef');
  };
  const gaps = [
    {stream: 'stdout', from: 3, to: 10, reason: 'cap'},
    {stream: 'stdout', from: 11, to: 20, reason: 'cap'},
    {stream: 'stdout', from: 0, to: 2, reason: 'engine-log'},
  ] as const;
  const seen: [number, string][] = [];
  for await (const piece of placed(bytes(), 1, gaps)) seen.push([piece.offset, Buffer.from(piece.bytes).toString()]);
  expect(seen).toEqual([
    [1, 'ab'],
    [10, 'c'],
    [20, 'def'],
  ]);
});
