const START = Buffer.from(`\u001b]6973;${'*'.repeat(64)};`);
const BEL = 7;
const ESC = 27;
/** What has no end by then is no mark. */
const MOST_BYTES = 80 * 1024;

/**
 * Takes out of a job's stream what `boxyard-report` said there, which others have heard; every other byte goes on as it came. What may be
 * the beginning of a mark is held back until more comes, or until the end.
 */
export function createMarkFilter(): {write(bytes: Uint8Array): Buffer; end(): Buffer} {
  let held: Buffer = Buffer.alloc(0);
  const write = (bytes: Uint8Array): Buffer => {
    const all = held.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.concat([held, bytes]);
    const parts: Buffer[] = [];
    let at = 0;
    for (let from = all.indexOf(START); from >= 0; from = all.indexOf(START, at)) {
      const end = all.indexOf(BEL, from);
      parts.push(all.subarray(at, from));
      at = end < 0 ? from : end + 1;
      if (end < 0) break;
    }
    const rest = all.subarray(at);
    const keep = heldLength(rest);
    held = Buffer.from(rest.subarray(rest.length - keep));
    return Buffer.concat([...parts, rest.subarray(0, rest.length - keep)]);
  };
  return {
    write,
    end: () => {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

/** How much of the end is a mark that goes on, or may be the beginning of one. */
function heldLength(rest: Buffer): number {
  if (rest.subarray(0, START.length).equals(START)) return rest.length <= MOST_BYTES ? rest.length : 0;
  const from = rest.lastIndexOf(ESC);
  const tail = rest.length - from;
  return from >= 0 && tail < START.length && START.subarray(0, tail).equals(rest.subarray(from)) ? tail : 0;
}
