import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {Spool, gapsOf, lengthsOf, listSegments} from '../../src/session-host/spool.ts';

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
