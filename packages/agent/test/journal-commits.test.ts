import {expect, test} from 'vitest';
import {Commits} from '../src/journal-commits.ts';

/** Commits that only note which keys went together; it fails while `isFull`. */
function noting() {
  const done: string[][] = [];
  const disk = {isFull: false};
  let keys: string[] = [];
  const commits = new Commits(writes => {
    keys = [];
    for (const write of writes) write();
    if (disk.isFull) throw new Error('full');
    done.push(keys);
  });
  return {commits, done, disk, note: (key: string) => () => void keys.push(key)};
}

test('what many wait for in one turn is one commit, and the newest write of a key is the only one', async () => {
  const {commits, done, note} = noting();
  commits.add('a', note('a1'));
  const first = commits.soon();
  commits.add('b', note('b1'));
  commits.add('a', note('a2'));
  await Promise.all([first, commits.soon()]);
  expect(done).toEqual([['a2', 'b1']]);
});

test('what nobody waits for is written a little later by itself, and at once with the newest of its key or at the end', async () => {
  const {commits, done, note} = noting();
  commits.later('a', note('a1'));
  commits.later('b', note('b1'));
  commits.add('b', note('b2'));
  await commits.soon();
  expect(done).toEqual([['b2']]);
  await expect.poll(() => done).toEqual([['b2'], ['a1']]);
  commits.later('c', note('c1'));
  await commits.soon({all: true});
  commits.later('d', note('d1'));
  commits.close();
  expect(done.slice(2)).toEqual([['c1'], ['d1']]);
});

test('what could not be written is told to whoever waits, and goes with the next commit', async () => {
  const {commits, done, disk, note} = noting();
  disk.isFull = true;
  commits.add('a', note('a1'));
  await expect(commits.soon()).rejects.toThrow('full');
  disk.isFull = false;
  await commits.soon({all: true});
  expect(done).toEqual([['a1']]);
});
