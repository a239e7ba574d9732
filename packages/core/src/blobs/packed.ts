import {readPart} from './job-output.ts';

/** Bytes that can be read from any place on, as often as wanted. */
export interface Packed {
  readonly length: number;
  /** Up to `most` bytes at `at`; none at the end. */
  read(at: number, most: number): Promise<Buffer>;
}

type Piece = {readonly bytes: Buffer} | {readonly path: string; readonly length: number};

/** Several pieces, of memory and of files, as one; files must stay as they are. */
export function packed(pieces: readonly Piece[]): Packed {
  const ends: number[] = [];
  let length = 0;
  for (const piece of pieces) ends.push((length += 'bytes' in piece ? piece.bytes.length : piece.length));
  return {
    length,
    async read(at, most) {
      const index = firstBehind(ends, at);
      const piece = pieces[index];
      if (piece === undefined) return Buffer.alloc(0);
      const start = ends[index]! - ('bytes' in piece ? piece.bytes.length : piece.length);
      const count = Math.min(most, ends[index]! - at);
      const bytes = 'bytes' in piece ? piece.bytes.subarray(at - start, at - start + count) : await readPart(piece.path, at - start, count);
      if (bytes.length < count) throw new Error(`${'path' in piece ? piece.path : 'a piece'} is shorter than it was`);
      return bytes;
    },
  };
}

/** Of rising numbers the first that is greater. */
function firstBehind(ends: readonly number[], at: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
