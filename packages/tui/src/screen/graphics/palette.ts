/** Pixels by their number in a palette. */
export interface Indexed {
  readonly palette: readonly number[];
  readonly indices: Uint8Array;
}

const MOST_COLOURS = 256;

/** Exact where there are no more colours than a palette has, which is usual on desktops; otherwise the nearest of boxes of colours. */
export const indexed = (pixels: Uint32Array): Indexed => exact(pixels) ?? boxed(pixels);

function exact(pixels: Uint32Array): Indexed | undefined {
  const indices = new Uint8Array(pixels.length);
  const numbers = new Numbers();
  let last = -1;
  let number = 0;
  for (let at = 0; at < pixels.length; at += 1) {
    const pixel = pixels[at]! & 0xff_ffff;
    if (pixel !== last) number = numbers.of(pixel);
    if (number < 0) return undefined;
    last = pixel;
    indices[at] = number;
  }
  return {palette: numbers.palette, indices};
}

const SLOTS = 2048;

/** A hash table of the colours so far: faster than a Map for so few. */
class Numbers {
  readonly palette: number[] = [];
  readonly #keys = new Int32Array(SLOTS).fill(-1);
  readonly #numbers = new Uint8Array(SLOTS);

  /** -1 for one that is too many. */
  of(pixel: number): number {
    let slot = Math.imul(pixel, 0x9e37_79b1) >>> 21;
    while (this.#keys[slot] !== pixel && this.#keys[slot] !== -1) slot = (slot + 1) % SLOTS;
    if (this.#keys[slot] === pixel) return this.#numbers[slot]!;
    if (this.palette.length === MOST_COLOURS) return -1;
    this.#keys[slot] = pixel;
    this.#numbers[slot] = this.palette.length;
    return this.palette.push(pixel) - 1;
  }
}

/** Colours that share the five highest bits of each channel are one. */
const BINS = 32_768;
const binOf = (pixel: number): number => ((pixel >>> 3) & 31) | ((pixel >>> 6) & 0x3e0) | ((pixel >>> 9) & 0x7c00);
const channels = [0, 5, 10] as const;

/** Bins of `order`, from `start` to before `end`. */
interface Box {
  readonly start: number;
  readonly end: number;
  readonly pixels: number;
  /** Along which it is longest, and how long it is there. */
  readonly channel: number;
  readonly length: number;
}

/** Median cut: the box that spreads the most of its pixels the farthest is halved until there are as many as colours. */
function boxed(pixels: Uint32Array): Indexed {
  const counts = new Uint32Array(BINS);
  for (const pixel of pixels) counts[binOf(pixel)]! += 1;
  const order = Uint16Array.from(counts.keys()).filter(bin => counts[bin]! > 0);
  const boxes = [boxOf(order, counts, 0, order.length)];
  while (boxes.length < MOST_COLOURS) {
    const widest = boxes.reduce((best, box, at) => (spread(box) > spread(boxes[best]!) ? at : best), 0);
    if (boxes[widest]!.length === 0) break;
    boxes.splice(widest, 1, ...halved(order, counts, boxes[widest]!));
  }
  const numbers = new Uint8Array(BINS);
  for (const [number, {start, end}] of boxes.entries()) for (let at = start; at < end; at += 1) numbers[order[at]!] = number;
  const indices = Uint8Array.from(pixels, pixel => numbers[binOf(pixel)]!);
  return {palette: meansOf(pixels, indices, boxes.length), indices};
}

const spread = ({pixels, length}: Box): number => pixels * length * length;

function boxOf(order: Uint16Array, counts: Uint32Array, start: number, end: number): Box {
  const least = [31, 31, 31];
  const most = [0, 0, 0];
  let pixels = 0;
  for (let at = start; at < end; at += 1) {
    pixels += counts[order[at]!]!;
    for (const [channel, shift] of channels.entries()) {
      const value = (order[at]! >>> shift) & 31;
      if (value < least[channel]!) least[channel] = value;
      if (value > most[channel]!) most[channel] = value;
    }
  }
  const lengths = channels.map((_, channel) => most[channel]! - least[channel]!);
  const length = Math.max(...lengths);
  return {start, end, pixels, channel: lengths.indexOf(length), length};
}

/** Where half of its pixels are on either side, and a bin at least. */
function halved(order: Uint16Array, counts: Uint32Array, {start, end, pixels, channel}: Box): readonly [Box, Box] {
  const shift = channels[channel]!;
  const part = order.subarray(start, end);
  const byValue = new Uint32Array(32);
  for (const bin of part) byValue[(bin >>> shift) & 31]! += counts[bin]!;
  const present = [...byValue.keys()].filter(value => byValue[value]! > 0);
  let below = 0;
  let first = 0;
  do below += byValue[present[first++]!]!;
  while (first < present.length - 1 && below < pixels / 2);
  const isLow = (bin: number) => ((bin >>> shift) & 31) < present[first]!;
  const [low, high] = [part.filter(isLow), part.filter(bin => !isLow(bin))];
  part.set(low);
  part.set(high, low.length);
  return [boxOf(order, counts, start, start + low.length), boxOf(order, counts, start + low.length, end)];
}

function meansOf(pixels: Uint32Array, indices: Uint8Array, length: number): number[] {
  const sums = new Float64Array(length * 4);
  for (let at = 0; at < pixels.length; at += 1) {
    const pixel = pixels[at]!;
    const to = indices[at]! * 4;
    sums[to]! += pixel & 255;
    sums[to + 1]! += (pixel >>> 8) & 255;
    sums[to + 2]! += (pixel >>> 16) & 255;
    sums[to + 3]! += 1;
  }
  return Array.from({length}, (_, number) => {
    const mean = (channel: number) => Math.round(sums[number * 4 + channel]! / Math.max(1, sums[number * 4 + 3]!));
    return mean(0) | (mean(1) << 8) | (mean(2) << 16);
  });
}
