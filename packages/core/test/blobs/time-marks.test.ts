import {existsSync, mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {StreamFile} from '../../src/blobs/stream-file.ts';
import {readTimeMarks} from '../../src/blobs/time-marks.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bxt-'));
});
afterAll(() => rmSync(dir, {recursive: true, force: true}));

/** A stream to which ten bytes come at each of these times. */
async function written(name: string, times: readonly number[]): Promise<string> {
  const path = join(dir, name);
  let now = 0;
  const file = await StreamFile.open(path, () => now);
  for (const [i, at] of times.entries()) {
    now = at;
    await file.append(i * 10, Buffer.alloc(10, 'x'));
  }
  await file.close();
  return path;
}

test('there is one mark for each second in which bytes came', async () => {
  const path = await written('steady', [5_000, 5_400, 5_999, 6_000, 6_500, 60_000]);
  expect(await readTimeMarks(path)).toEqual([
    {offset: 0, at: 5_000},
    {offset: 30, at: 6_000},
    {offset: 50, at: 60_000},
  ]);
  expect(readFileSync(`${path}.times`, 'utf8')).toBe('0 5000\n30 6000\n50 60000\n');
});

test('what came within one second writes no marks: the file’s own time says it', async () => {
  const path = await written('short', [5_000, 5_500]);
  expect(existsSync(`${path}.times`)).toBe(false);
  expect(await readTimeMarks(path)).toEqual([{offset: 0, at: statSync(path).mtimeMs}]);
  expect(await readTimeMarks(join(dir, 'nothing'))).toEqual([]);
});

test('a stream that is opened again goes on with its marks, whether it had some or not', async () => {
  for (const [name, times] of [
    ['short', [1]],
    ['long', [1, 2_000]],
  ] as const) {
    const path = await written(`again-${name}`, times);
    const before = await readTimeMarks(path);
    const later = Date.now() + 5_000;
    const file = await StreamFile.open(path, () => later);
    await file.append(file.length, Buffer.from('more'));
    await file.close();
    const marks = await readTimeMarks(path);
    expect(marks.map(mark => mark.offset)).toEqual([...before.map(mark => mark.offset), times.length * 10]);
    expect(marks.at(-1)!.at).toBe(later);
  }
});

test('a repeat of bytes makes no mark', async () => {
  const path = join(dir, 'repeat');
  let now = 0;
  const file = await StreamFile.open(path, () => now);
  await file.append(0, Buffer.from('abc'));
  now = 9_000;
  await file.append(0, Buffer.from('abc'));
  await file.close();
  expect(existsSync(`${path}.times`)).toBe(false);
});
