import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {DiskRoom} from '../../src/session-host/disk-room.ts';
import {Spool, gapsOf, lengthsOf, listSegments, spoolCaps} from '../../src/session-host/spool.ts';

const caps = {head: 1000, tail: 300, tailSegment: 100};
const open = () => {
  const dir = mkdtempSync(join(tmpdir(), 'spool-'));
  return {dir: join(dir, 's'), [Symbol.dispose]: () => rmSync(dir, {recursive: true})};
};
const content = (dir: string) => Buffer.concat(listSegments(dir).map(segment => readFileSync(segment.path)));

test('what was written is read back, also by a second writer after a crash', () => {
  using at = open();
  new Spool(at.dir, caps).write('stdout', Buffer.from('first '));
  new Spool(at.dir, caps).write('stdout', Buffer.from('second'));
  expect(content(at.dir).toString()).toBe('first second');
  expect(lengthsOf(listSegments(at.dir)).stdout).toBe(12);
});

test('over the cap the head and the newest bytes stay, and the gap between says how long it is', () => {
  using at = open();
  const spool = new Spool(at.dir, caps);
  const all = Buffer.from(Array.from({length: 5000}, (_, index) => index % 251));
  for (let from = 0; from < all.length; from += 70) spool.write('stdout', all.subarray(from, from + 70));
  const [gap, ...others] = gapsOf(at.dir);
  expect(others).toEqual([]);
  expect(gap).toMatchObject({stream: 'stdout', from: 1000, reason: 'cap'});
  expect(content(at.dir).equals(Buffer.concat([all.subarray(0, 1000), all.subarray(gap!.to)]))).toBe(true);
  expect(all.length - gap!.to).toBeLessThanOrEqual(300);
  expect(all.length - gap!.to).toBeGreaterThan(200);
  expect(spool.settled('stdout')).toBe(1000);
});

test('a jump of the engine’s offsets is a gap with its reason', () => {
  using at = open();
  const spool = new Spool(at.dir, caps);
  spool.write('stderr', Buffer.from('abc'));
  spool.skip('stderr', 10, 'spool-lost');
  spool.write('stderr', Buffer.from('xyz'));
  expect(gapsOf(at.dir)).toEqual([{stream: 'stderr', from: 3, to: 10, reason: 'spool-lost'}]);
  expect(spool.lengths.stderr).toBe(13);
});

test('a stream with ten thousand holes keeps a small account of them, and the reason of each', () => {
  using at = open();
  const spool = new Spool(at.dir, caps);
  for (let from = 0; from < 100_000; from += 10) spool.note({stream: 'stdout', from, to: from + 5, reason: 'engine-log'});
  for (let from = 0; from < 100_000; from += 10) spool.note({stream: 'stderr', from, to: from + 10, reason: 'disk-full'});
  expect(statSync(join(at.dir, 'gaps')).size).toBeLessThan(64 * 1024);
  const [first, ...rest] = gapsOf(at.dir);
  expect(first).toEqual({stream: 'stdout', from: 0, to: 5, reason: 'engine-log'});
  expect(rest.findLast(gap => gap.stream === 'stdout')!.to).toBe(99_995);
  expect(rest.at(-1)).toEqual({stream: 'stderr', from: 0, to: 100_000, reason: 'disk-full'});
});

test('output stops before the disk is full, with a gap, and goes on when there is room', () => {
  using at = open();
  const free = {bytes: 1e9};
  const spool = new Spool(at.dir, spoolCaps, new DiskRoom('/', () => free.bytes));
  spool.write('stdout', Buffer.alloc(100, 'a'));
  free.bytes = 3e6;
  spool.write('stdout', Buffer.alloc(70_000));
  expect(lengthsOf(listSegments(at.dir)).stdout).toBe(100);
  expect(gapsOf(at.dir)).toEqual([{stream: 'stdout', from: 100, to: 70_100, reason: 'disk-full'}]);
  free.bytes = 5e6;
  spool.write('stdout', Buffer.alloc(70_000));
  free.bytes = 8e6;
  spool.write('stdout', Buffer.alloc(70_000));
  spool.write('stdout', Buffer.from('back'));
  expect(spool.lengths.stdout).toBe(210_104);
  expect(gapsOf(at.dir)).toContainEqual(expect.objectContaining({stream: 'stdout', from: 100, reason: 'disk-full'}));
  expect(content(at.dir).subarray(-4).toString()).toBe('back');
});
