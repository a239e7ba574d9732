import {expect, test, vi} from 'vitest';
import {PacedWrites} from '../../../src/screen/graphics/paced-writes.ts';

/** A terminal that takes everything at once, and when it did. */
function open() {
  const taken: {readonly at: number; readonly bytes: Buffer}[] = [];
  const writes = new PacedWrites({
    columns: 10,
    rows: 5,
    write(bytes: Buffer, done?: () => void) {
      taken.push({at: performance.now(), bytes: Buffer.from(bytes)});
      setImmediate(() => done?.());
    },
  });
  return {writes, taken, all: () => Buffer.concat(taken.map(({bytes}) => bytes)).toString()};
}
const large = Buffer.from('0123456789'.repeat(5_000));

test('paced it goes out in slices, in order, and is done when the last of them is taken', async () => {
  const {writes, taken, all} = open();
  writes.isPaced = true;
  const done: string[] = [];
  writes.write(large, () => done.push('large'));
  writes.write(Buffer.from('end'), () => done.push('end'));
  await vi.waitFor(() => expect(done).toEqual(['large', 'end']));
  expect(all()).toBe(`${large.toString()}end`);
  expect(Math.max(...taken.map(({bytes}) => bytes.length))).toBe(8_192);
  expect(taken.length).toBe(8);
  expect(taken.at(-1)!.at - taken[0]!.at).toBeGreaterThan(40);
});

test('otherwise each write is one, and closing lets go of what waits', async () => {
  const {writes, taken, all} = open();
  writes.write(large);
  await vi.waitFor(() => expect(taken).toHaveLength(1));
  writes.isPaced = true;
  writes.write(large);
  writes.write(Buffer.from('end'));
  await vi.waitFor(() => expect(taken.length).toBeGreaterThan(2));
  writes.close();
  await vi.waitFor(() => expect(all()).toBe(`${large.toString()}${large.toString()}end`));
});
