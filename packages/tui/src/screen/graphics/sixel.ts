import {move} from '../emit.ts';
import type {Picture} from '../viewport.ts';
import {cut} from './dirty-cells.ts';
import type {Graphics} from './graphics.ts';
import {indexed} from './palette.ts';
import {partOf} from './part.ts';

/** Each has a palette of its own; some terminals show no more than 1000 × 1000 pixels of one. */
const MOST_CELLS = {columns: 48, rows: 16};

/** Sixels: a picture of up to 256 colours for each part that changed, over the cells it covers. They are free again when they are written to. */
export const sixel = (): Graphics => ({
  // The cursor goes below a picture, whose last six pixels may reach into one more row: at the edge all would scroll.
  spareRows: 1,
  remove: () => Buffer.alloc(0),
  paint(frame, dirty, area) {
    const parts = dirty.flatMap(region => cut(region, MOST_CELLS));
    return Buffer.concat(
      parts.flatMap(part => [Buffer.from(move(area.top + part.top, area.left + part.left)), encodeSixel(partOf(frame, part, area))]),
    );
  },
});

const BAND = 6;
/** No pixel of six. */
const NOTHING = 63;
const [BANG, DOLLAR, MINUS, HASH] = [0x21, 0x24, 0x2d, 0x23];

/** What is not said of a band's last lines is left as it is on the screen (the 1 at the beginning). */
export function encodeSixel({width, height, pixels}: Picture): Buffer {
  const {palette, indices} = indexed(pixels);
  const percent = (pixel: number, shift: number) => Math.round((((pixel >>> shift) & 255) * 100) / 255);
  const colours = palette.map((pixel, number) => `#${number};2;${percent(pixel, 0)};${percent(pixel, 8)};${percent(pixel, 16)}`);
  const bytes = new Bytes();
  bytes.text(`\u001bP0;1;0q"1;1;${width};${height}${colours.join('')}`);
  const band = new Band(width);
  for (let top = 0; top < height; top += BAND) {
    band.read(indices, top * width, Math.min(BAND, height - top));
    band.write(bytes);
    bytes.one(MINUS);
  }
  bytes.text('\u001b\\');
  return bytes.all();
}

/** Six lines of pixels: for each colour the columns where it is, from left to right, and in which of the six. */
class Band {
  readonly #width: number;
  readonly #firsts = new Int32Array(256).fill(-1);
  readonly #lasts = new Int32Array(256).fill(-1);
  readonly #nexts: Int32Array;
  readonly #columns: Int32Array;
  readonly #sixes: Uint8Array;
  #colours: number[] = [];

  constructor(width: number) {
    this.#width = width;
    this.#nexts = new Int32Array(width * BAND);
    this.#columns = new Int32Array(width * BAND);
    this.#sixes = new Uint8Array(width * BAND);
  }

  read(indices: Uint8Array, start: number, lines: number): void {
    for (const colour of this.#colours) this.#firsts[colour] = -1;
    this.#colours = [];
    let free = 0;
    for (let column = 0; column < this.#width; column += 1)
      for (let line = 0; line < lines; line += 1) {
        const colour = indices[start + line * this.#width + column]!;
        const last = this.#lasts[colour]!;
        const isFirst = this.#firsts[colour] === -1;
        if (!isFirst && this.#columns[last] === column) {
          this.#sixes[last]! |= 1 << line;
          continue;
        }
        if (isFirst) this.#colours.push(colour);
        if (isFirst) this.#firsts[colour] = free;
        else this.#nexts[last] = free;
        this.#lasts[colour] = free;
        this.#nexts[free] = -1;
        this.#columns[free] = column;
        this.#sixes[free] = 1 << line;
        free += 1;
      }
  }

  write(bytes: Bytes): void {
    for (const [at, colour] of this.#colours.entries()) {
      if (at > 0) bytes.one(DOLLAR);
      bytes.one(HASH);
      bytes.number(colour);
      this.#line(bytes, this.#firsts[colour]!);
    }
  }

  #line(bytes: Bytes, first: number): void {
    let column = 0;
    for (let at = first; at >= 0;) {
      const [from, six] = [this.#columns[at]!, this.#sixes[at]!];
      let until = from + 1;
      for (at = this.#nexts[at]!; at >= 0 && this.#columns[at] === until && this.#sixes[at] === six; at = this.#nexts[at]!) until += 1;
      bytes.run(NOTHING, from - column);
      bytes.run(NOTHING + six, until - from);
      column = until;
    }
  }
}

class Bytes {
  #buffer = Buffer.allocUnsafe(65_536);
  #length = 0;

  one(byte: number): void {
    if (this.#length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], this.#length * 2);
    this.#buffer[this.#length++] = byte;
  }

  text(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.one(text.charCodeAt(at));
  }

  number(value: number): void {
    if (value >= 10) this.number(Math.floor(value / 10));
    this.one(0x30 + (value % 10));
  }

  run(byte: number, count: number): void {
    if (count > 3) {
      this.one(BANG);
      this.number(count);
      this.one(byte);
    } else for (let at = 0; at < count; at += 1) this.one(byte);
  }

  all(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }
}
