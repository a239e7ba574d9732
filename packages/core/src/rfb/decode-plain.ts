import {type Framebuffer, type Rect, pixelOf} from './framebuffer.ts';
import {type Reading, u16, u8} from './reading.ts';

/** At most 4 MiB at once, so that a large screen does not make us hold it twice. */
const rowsAtOnce = (width: number): number => Math.max(1, Math.floor(1_048_576 / Math.max(1, width)));

export function* decodeRaw(screen: Framebuffer, {x, y, width, height}: Rect): Reading<void> {
  const step = rowsAtOnce(width);
  for (let done = 0; done < height; done += step) {
    const rows = Math.min(step, height - done);
    const bytes = yield rows * width * 4;
    for (let row = 0; row < rows; row += 1) copyRow(screen, screen.at(x, y + done + row), bytes.subarray(row * width * 4), width);
  }
}

function copyRow(screen: Framebuffer, at: number, bytes: Buffer, width: number): void {
  for (let column = 0; column < width; column += 1) screen.pixels[at + column] = bytes.readUInt32LE(column * 4) & 0xffffff;
}

export function* decodeCopyRect(screen: Framebuffer, rect: Rect): Reading<void> {
  const x = yield* u16();
  const y = yield* u16();
  screen.check({...rect, x, y});
  screen.copy(rect, x, y);
}

const RAW = 1;
const BACKGROUND = 2;
const FOREGROUND = 4;
const SUBRECTS = 8;
const COLOURED = 16;

export function* decodeHextile(screen: Framebuffer, rect: Rect): Reading<void> {
  let background = 0;
  let foreground = 0;
  for (const tile of tilesOf(rect, 16)) {
    const kind = yield* u8();
    if (kind & RAW) {
      yield* decodeRaw(screen, tile);
      continue;
    }
    if (kind & BACKGROUND) background = yield* pixel();
    if (kind & FOREGROUND) foreground = yield* pixel();
    screen.fill(tile, background);
    if (kind & SUBRECTS) yield* subrects(screen, tile, (kind & COLOURED) !== 0, foreground);
  }
}

function* subrects(screen: Framebuffer, tile: Rect, isColoured: boolean, foreground: number): Reading<void> {
  const count = yield* u8();
  for (let at = 0; at < count; at += 1) {
    const colour = isColoured ? yield* pixel() : foreground;
    const place = yield* u8();
    const size = yield* u8();
    const part = {x: tile.x + (place >> 4), y: tile.y + (place & 15), width: (size >> 4) + 1, height: (size & 15) + 1};
    screen.check(part);
    screen.fill(part, colour);
  }
}

function* pixel(): Reading<number> {
  const bytes = yield 4;
  return pixelOf(bytes[0]!, bytes[1]!, bytes[2]!);
}

/** From left to right, then down. */
export function* tilesOf({x, y, width, height}: Rect, size: number): Generator<Rect> {
  for (let top = 0; top < height; top += size)
    for (let left = 0; left < width; left += size)
      yield {x: x + left, y: y + top, width: Math.min(size, width - left), height: Math.min(size, height - top)};
}
