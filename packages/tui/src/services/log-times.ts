import type {Client} from '@boxyard/core/client';
import type {Gap, OutputName} from '@boxyard/core/protocol';

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
export function createStamper(timeOf: (offset: number) => number, format = isoText): (piece: Placed) => Uint8Array {
  let isLineStart = true;
  return ({offset, bytes}) => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(0x0a, at) + 1 || bytes.length;
      if (isLineStart) parts.push(Buffer.from(format(timeOf(offset + at))));
      parts.push(bytes.subarray(at, end));
      isLineStart = bytes[end - 1] === 0x0a;
      at = end;
    }
    return Buffer.concat(parts);
  };
}

const isoText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z `;

export interface StampOptions {
  readonly now: () => number;
  readonly format?: (at: number) => string;
}
type Stamp = (piece: Placed) => Uint8Array;

/** The time in front of each line of a job that is followed: of what was there as the server noted it, of the rest as it comes. */
export function createStamp(
  client: Client,
  job: string,
  options: StampOptions,
): (piece: Placed & {readonly stream: OutputName}) => Promise<Uint8Array> {
  const stamps = new Map<OutputName, Promise<Stamp>>();
  return async ({stream, ...piece}) => {
    const stamp = stamps.get(stream) ?? loadStamp(client, job, {stream, ...options});
    stamps.set(stream, stamp);
    return (await stamp)(piece);
  };
}

async function loadStamp(client: Client, job: string, {stream, now, format}: StampOptions & {readonly stream: OutputName}): Promise<Stamp> {
  const known = await client.jobsLogTimes({job, query: {stream}});
  let reached = 0;
  let isAnotherAttempt = false;
  const timeOf = (offset: number) => (isAnotherAttempt || offset >= known.length ? undefined : timeAt(known.marks, offset)) ?? now();
  const stamp = createStamper(timeOf, format);
  return piece => {
    // Offsets begin anew where the job is tried again, and nothing of that was there before.
    isAnotherAttempt ||= piece.offset < reached;
    reached = piece.offset + piece.bytes.length;
    return stamp(piece);
  };
}
