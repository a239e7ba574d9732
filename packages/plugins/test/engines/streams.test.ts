import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {frames} from '../../src/engines/docker-api/frames.ts';
import {createLogParser} from '../../src/engines/docker-api/k8s-log.ts';
import {createPullProgress} from '../../src/engines/docker-api/pull-progress.ts';

const piece = fc.record({stream: fc.constantFrom('stdout' as const, 'stderr' as const), bytes: fc.uint8Array({maxLength: 40})});

/** Cuts bytes anywhere, as a socket does. */
const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const parts: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % Math.max(1, sizes.length)] ?? 7);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
};

const joined = (all: Iterable<{stream: string; bytes: Uint8Array}>, stream: string): string =>
  Buffer.concat([...all].filter(one => one.stream === stream).map(one => one.bytes)).toString('hex');

describe('the engine’s frames', () => {
  it('give back every byte of each stream, however they were cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.array(fc.integer({min: 1, max: 20}), {minLength: 1}), async (pieces, sizes) => {
        const encoded = pieces.map(({stream, bytes}) => {
          const header = Buffer.alloc(8);
          header[0] = stream === 'stderr' ? 2 : 1;
          header.writeUInt32BE(bytes.length, 4);
          return Buffer.concat([header, bytes]);
        });
        const source = (async function* () {
          yield* cut(Buffer.concat(encoded), sizes);
        })();
        const seen: {stream: string; bytes: Uint8Array}[] = [];
        for await (const frame of frames(source)) seen.push(frame);
        for (const stream of ['stdout', 'stderr']) expect(joined(seen, stream)).toBe(joined(pieces, stream));
      }),
      {numRuns: 200},
    );
  });
});

describe('podman’s log', () => {
  it('gives back every byte of each stream, with newlines where there were some and nowhere else', () => {
    const text = [
      '2026-11-22T03:16:58.827894024+00:00 stdout F a full line',
      '2026-11-22T03:16:58.827894024+00:00 stderr P half a ',
      '2026-11-22T03:16:58.827894024+00:00 stdout F ',
      '2026-11-22T03:16:58.827894024+00:00 stderr F line with  spaces stdout F in it',
      '2026-11-22T03:16:58.827894024+00:00 stdout P no newline at the end',
      '',
    ].join('\n');
    for (const sizes of [[1], [3, 50], [1_000]]) {
      const parse = createLogParser();
      const seen = cut(Buffer.from(text), sizes).flatMap(part => [...parse(part)]);
      expect(Buffer.from(joined(seen, 'stdout'), 'hex').toString()).toBe('a full line\n\nno newline at the end');
      expect(Buffer.from(joined(seen, 'stderr'), 'hex').toString()).toBe('half a line with  spaces stdout F in it\n');
    }
  });
});

describe('the progress of a pull', () => {
  it('adds layers up, never goes back and never exceeds its total', () => {
    const seen: [string, number, number | undefined][] = [];
    const take = createPullProgress((step, done, total) => seen.push([step, done, total]));
    take({id: 'a', status: 'Downloading', progressDetail: {current: 10, total: 100}});
    take({id: 'b', status: 'Downloading', progressDetail: {current: 5, total: 50}});
    take({id: 'a', status: 'Downloading', progressDetail: {current: 4, total: 100}});
    take({id: 'a', status: 'Download complete'});
    take({id: 'a', status: 'Extracting', progressDetail: {current: 30, total: 100}});
    take({id: 'c', status: 'Already exists'});
    expect(seen).toEqual([
      ['pulling', 10, 100],
      ['pulling', 15, 150],
      ['pulling', 15, 150],
      ['pulling', 105, 150],
      ['extracting', 30, 100],
    ]);
  });
});
