import {tilesOf} from './decode-plain.ts';
import {type Framebuffer, type Rect, pixelOf} from './framebuffer.ts';
import type {Inflating} from './inflating.ts';
import {type Reading, notRfb, u32} from './reading.ts';

/** A tile costs at most a palette, and each pixel at most a colour and a length of one. */
const mostOf = ({width, height}: Rect): number => width * height * 4 + Math.ceil(width / 64) * Math.ceil(height / 64) * 400 + 400;

export function* decodeZrle(screen: Framebuffer, rect: Rect, stream: Inflating): Reading<void> {
  const length = yield* u32();
  const most = mostOf(rect);
  // What is compressed is hardly ever longer than what it was made of.
  if (length > most * 2) throw notRfb(`${length} bytes for a rectangle of ${rect.width} × ${rect.height}`);
  const bytes = new Bytes(stream.take(yield length, most));
  for (const tile of tilesOf(rect, 64)) drawTile(screen, tile, bytes);
}

/** Bytes that are all there, read in order. */
class Bytes {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw notRfb('a rectangle that ends too early');
    this.#at += 1;
    return byte;
  }

  colour(): number {
    return pixelOf(this.next(), this.next(), this.next());
  }

  /** 255 means that there is more of it. */
  run(): number {
    let length = 1;
    for (;;) {
      const byte = this.next();
      length += byte;
      if (byte !== 255) return length;
    }
  }
}

function drawTile(screen: Framebuffer, tile: Rect, bytes: Bytes): void {
  const kind = bytes.next();
  if (kind === 1) return screen.fill(tile, bytes.colour());
  if (kind === 17 || kind === 129 || (kind > 16 && kind < 128)) throw notRfb(`a ZRLE tile of kind ${kind}`);
  const size = kind < 128 ? kind : Math.max(0, kind - 128);
  const palette = Array.from({length: size}, () => bytes.colour());
  if (kind >= 128) return drawRuns(screen, tile, bytes, palette);
  if (kind === 0) return drawEach(screen, tile, () => bytes.colour());
  drawPacked(screen, tile, bytes, palette);
}

function drawEach(screen: Framebuffer, {x, y, width, height}: Rect, next: () => number): void {
  for (let row = 0; row < height; row += 1) {
    const at = screen.at(x, y + row);
    for (let column = 0; column < width; column += 1) screen.pixels[at + column] = next();
  }
}

function drawPacked(screen: Framebuffer, {x, y, width, height}: Rect, bytes: Bytes, palette: readonly number[]): void {
  const bits = palette.length === 2 ? 1 : palette.length <= 4 ? 2 : 4;
  for (let row = 0; row < height; row += 1) {
    const at = screen.at(x, y + row);
    let byte = 0;
    for (let column = 0; column < width; column += 1) {
      const left = 8 - bits - ((column * bits) % 8);
      if (left === 8 - bits) byte = bytes.next();
      screen.pixels[at + column] = ofPalette(palette, (byte >> left) & ((1 << bits) - 1));
    }
  }
}

function drawRuns(screen: Framebuffer, tile: Rect, bytes: Bytes, palette: readonly number[]): void {
  let left = tile.width * tile.height;
  let [colour, length] = [0, 0];
  drawEach(screen, tile, () => {
    if (length === 0) {
      [colour, length] = nextRun(bytes, palette);
      if (length > left) throw notRfb('a run of pixels that leaves its tile');
      left -= length;
    }
    length -= 1;
    return colour;
  });
}

function nextRun(bytes: Bytes, palette: readonly number[]): [number, number] {
  if (palette.length === 0) return [bytes.colour(), bytes.run()];
  const index = bytes.next();
  return [ofPalette(palette, index & 127), index >= 128 ? bytes.run() : 1];
}

function ofPalette(palette: readonly number[], index: number): number {
  const colour = palette[index];
  if (colour === undefined) throw notRfb(`colour ${index} of a palette of ${palette.length}`);
  return colour;
}
