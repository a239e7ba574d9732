import type {Gap} from '@boxyard/core/protocol';

/** The byte at `offset` came at `at` (ms). */
export interface Mark {
  readonly offset: number;
  readonly at: number;
}

/** Where the bytes begin that came at `since` or later, or undefined where none has; `precisionMs` early at most. */
export function offsetSince(marks: readonly Mark[], since: number, precisionMs: number): number | undefined {
  const next = marks.findIndex(({at}) => at >= since);
  const last = next < 0 ? marks.at(-1) : marks[next - 1];
  if (last !== undefined && last.at + precisionMs > since) return last.offset;
  return marks[next]?.offset;
}

/** When the byte came; those before the first mark came with it. */
export const timeAt = (marks: readonly Mark[], offset: number): number | undefined =>
  (marks.findLast(mark => mark.offset <= offset) ?? marks[0])?.at;

export interface Placed {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes with their places in the stream, which gaps were left out of. */
export async function* placed(bytes: AsyncIterable<Uint8Array>, from: number, gaps: readonly Gap[]): AsyncGenerator<Placed> {
  const holes = gaps.filter(gap => gap.reason !== 'engine-log' && gap.to > from).toSorted((a, b) => a.from - b.from);
  let at = from;
  for await (const chunk of bytes)
    for (let done = 0; done < chunk.length;) {
      while (holes[0] !== undefined && holes[0].from <= at) at = Math.max(at, holes.shift()!.to);
      const room = (holes[0]?.from ?? Number.POSITIVE_INFINITY) - at;
      const part = chunk.subarray(done, done + Math.min(room, chunk.length - done));
      yield {offset: at, bytes: part};
      at += part.length;
      done += part.length;
    }
}

/** Writes the time in front of each line, by its first byte. One per stream: lines may be cut anywhere between chunks. */
export function createStamper(timeOf: (offset: number) => number): (piece: Placed) => Uint8Array {
  let isLineStart = true;
  return ({offset, bytes}) => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(0x0a, at) + 1 || bytes.length;
      if (isLineStart) parts.push(Buffer.from(`${new Date(timeOf(offset + at)).toISOString().slice(0, 19)}Z `));
      parts.push(bytes.subarray(at, end));
      isLineStart = bytes[end - 1] === 0x0a;
      at = end;
    }
    return Buffer.concat(parts);
  };
}
