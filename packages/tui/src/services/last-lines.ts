const mostBytes = 64 * 1024 * 1024;

/** The last `count` lines of a stream, a last one without a line end included. Holds at most 64 MiB. */
export async function* lastLines(bytes: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let kept = Buffer.alloc(0);
  for await (const chunk of bytes) {
    kept = Buffer.concat([kept, chunk]);
    const from = startOfLast(kept, count);
    kept = kept.subarray(Math.max(from, kept.length - mostBytes));
  }
  if (kept.length > 0) yield kept;
}

function startOfLast(bytes: Buffer, count: number): number {
  if (count === 0) return bytes.length;
  let at = bytes.length;
  if (at > 0 && bytes[at - 1] === 0x0a) at--;
  for (let found = 0; found < count; found++) {
    const end = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1);
    if (end < 0) return 0;
    at = end;
  }
  return at + 1;
}
