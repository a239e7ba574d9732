/** Where each of `to` dots lies on `from` pixels, and what part of it each pixel is: shares of 256, which they add up to. */
interface Taps {
  readonly starts: Int32Array;
  /** So many shares for each dot, from `at[dot]` to before `at[dot + 1]`. */
  readonly at: Int32Array;
  readonly shares: Int32Array;
}

export function tapsOf(from: number, to: number): Taps {
  const starts = new Int32Array(to);
  const at = new Int32Array(to + 1);
  const shares: number[] = [];
  for (let dot = 0; dot < to; dot += 1) {
    const [first, last] = [(dot * from) / to, ((dot + 1) * from) / to];
    const start = Math.floor(first);
    const end = Math.max(start + 1, Math.ceil(last - 1e-9));
    starts[dot] = start;
    let given = 0;
    for (let pixel = start; pixel < end; pixel += 1) {
      const upTo = Math.round(((Math.min(last, pixel + 1) - first) / (last - first)) * 256);
      shares.push((pixel === end - 1 ? 256 : upTo) - given);
      given = upTo;
    }
    at[dot + 1] = shares.length;
  }
  return {starts, at, shares: Int32Array.from(shares)};
}

/**
 * Two channels are reckoned at once: 256 shares of 255, and what rounds them, stay below the channel above them. What comes out
 * depends on the dot alone, never on what is averaged beside it.
 */
const HALVES = 0x0080_0080;
const HALF = 0x80;

/** The means of a line of pixels, which begins at `first`, under the dots from `from` to before `to`. */
export function averageAcross(
  pixels: Uint32Array,
  first: number,
  {starts, at, shares}: Taps,
  [from, to]: readonly [number, number],
): Uint32Array {
  const means = new Uint32Array(to - from);
  for (let dot = from; dot < to; dot += 1) {
    let pixel = first + starts[dot]!;
    let redBlue = HALVES;
    let green = HALF;
    for (let tap = at[dot]!; tap < at[dot + 1]!; tap += 1, pixel += 1) {
      const share = shares[tap]!;
      redBlue = (redBlue + Math.imul(pixels[pixel]! & 0xff_00ff, share)) | 0;
      green += ((pixels[pixel]! >>> 8) & 255) * share;
    }
    means[dot - from] = ((redBlue >>> 8) & 0xff_00ff) | (green & 0xff00);
  }
  return means;
}

/** The means of the lines under one dot, pixel by pixel. `lines` begin with that of the number `first`. */
export function averageDown(lines: readonly Uint32Array[], first: number, {starts, at, shares}: Taps, dot: number): Uint32Array {
  const top = starts[dot]! - first;
  const count = at[dot + 1]! - at[dot]!;
  if (count === 1) return lines[top]!;
  const means = new Uint32Array(lines[top]!.length);
  for (let x = 0; x < means.length; x += 1) {
    let redBlue = HALVES;
    let green = HALF;
    for (let tap = 0; tap < count; tap += 1) {
      const pixel = lines[top + tap]![x]!;
      const share = shares[at[dot]! + tap]!;
      redBlue = (redBlue + Math.imul(pixel & 0xff_00ff, share)) | 0;
      green += ((pixel >>> 8) & 255) * share;
    }
    means[x] = ((redBlue >>> 8) & 0xff_00ff) | (green & 0xff00);
  }
  return means;
}
