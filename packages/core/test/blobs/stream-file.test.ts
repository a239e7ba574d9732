import {appendFileSync, mkdtempSync, rmSync, truncateSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openBlobs} from '../../src/blobs/blobs.ts';
import {mergeGaps} from '../../src/blobs/rules-gaps.ts';
import {StreamFile} from '../../src/blobs/stream-file.ts';
import type {Gap} from '../../src/protocol/index.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bxb-'));
});
afterAll(() => rmSync(dir, {recursive: true, force: true}));
let count = 0;
const path = () => join(dir, `s${count++}`);

test('pieces that come twice, overlap or come too early leave exactly the bytes that were written', async () => {
  const whole = Buffer.from(Array.from({length: 400}, (_, i) => i % 251));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(399), fc.integer({min: 1, max: 80})), {maxLength: 40}), async pieces => {
      const file = await StreamFile.open(path());
      let expected = 0;
      for (const [from, length] of pieces) {
        const taken = await file.append(from, whole.subarray(from, from + length));
        if (from > expected) expect(taken).toBe(-1);
        else expected = Math.max(expected, Math.min(400, from + length));
      }
      expect(file.length).toBe(expected);
      expect((await file.read(0, 1_000)).equals(whole.subarray(0, expected))).toBe(true);
      await file.close();
    }),
    {numRuns: 50},
  );
});

test('after a crash the file’s own length counts, and gaps are still known', async () => {
  const at = path();
  const first = await StreamFile.open(at);
  await first.append(0, Buffer.from('abc'));
  await first.skip({stream: 'stdout', from: 3, to: 10, reason: 'cap'});
  await first.append(10, Buffer.from('xyz'));
  await first.close();
  appendFileSync(`${at}.gaps`, '{"stream":"std');
  truncateSync(at, 12);
  const second = await StreamFile.open(at);
  expect(second.length).toBe(12);
  expect(second.gaps).toEqual([{stream: 'stdout', from: 3, to: 10, reason: 'cap'}]);
  await second.append(10, Buffer.from('xyz'));
  expect((await second.read(10, 10)).toString()).toBe('xyz');
  await second.close();
});

test('many small gaps of one reason are one, also after a restart, and no byte is in two', async () => {
  const at = path();
  const first = await StreamFile.open(at);
  for (let from = 0; from < 500; from += 10) await first.skip({stream: 'stdout', from, to: from + 10, reason: 'cap'});
  await first.skip({stream: 'stdout', from: 0, to: 600, reason: 'spool-lost'});
  await first.skip({stream: 'stdout', from: 20, to: 600, reason: 'cap'});
  const expected = [
    {stream: 'stdout', from: 0, to: 500, reason: 'cap'},
    {stream: 'stdout', from: 500, to: 600, reason: 'spool-lost'},
  ];
  expect(first.gaps).toEqual(expected);
  await first.close();
  const second = await StreamFile.open(at);
  expect(second.gaps).toEqual(expected);
  await second.close();
});

test('a gap longer than any output, or one too many, is refused and changes nothing', async () => {
  const file = await StreamFile.open(path());
  await expect(file.skip({stream: 'stdout', from: 0, to: 2 ** 41, reason: 'cap'})).rejects.toMatchObject({code: 'INVALID_INPUT'});
  expect([file.length, file.gaps]).toEqual([0, []]);
  await file.close();
});

test('merged gaps name the same bytes, each once', () => {
  const gap = fc.record({
    stream: fc.constant('stdout' as const),
    from: fc.nat(60),
    to: fc.integer({min: 1, max: 80}),
    reason: fc.constantFrom('cap' as const, 'spool-lost' as const),
  });
  const bytesOf = (gaps: readonly Gap[]) => gaps.flatMap(({from, to}) => Array.from({length: Math.max(0, to - from)}, (_, i) => from + i));
  fc.assert(
    fc.property(fc.array(gap), gaps => {
      const merged = bytesOf(mergeGaps(gaps));
      expect(merged).toEqual([...new Set(bytesOf(gaps))].toSorted((a, b) => a - b));
    }),
  );
});

test('bytes over the cap of a job become a gap, and nothing is lost in silence', async () => {
  const blobs = openBlobs({dir: join(dir, 'capped'), perJobBytes: 10});
  const of = {tenant: 't', job: 'j', attempt: 1, name: 'stdout' as const};
  await blobs.output.append(of, 0, Buffer.from('12345678'), () => undefined);
  await blobs.output.append(of, 8, Buffer.from('90abcdef'), () => undefined);
  expect(await blobs.output.have('t', 'j', 1)).toMatchObject({have: {stdout: 16}, gaps: [{from: 8, to: 16, reason: 'cap'}]});
  expect(await blobs.output.read(of, 8)).toMatchObject({gap: {from: 8, to: 16}});
  await blobs.close();
});

test('the oldest logs of ended jobs go first when all together are too many', async () => {
  const blobs = openBlobs({dir: join(dir, 'bounded'), totalBytes: 100_000});
  for (const job of ['a', 'b', 'c'])
    await blobs.output.append({tenant: 't', job, attempt: 1, name: 'stdout'}, 0, Buffer.alloc(60_000, job), () => undefined);
  await blobs.trim(async job => job !== 'a');
  expect(await Promise.all(['a', 'b', 'c'].map(async job => (await blobs.output.have('t', job, 1)).have.stdout))).toEqual([60_000, 0, 0]);
  await blobs.close();
});
