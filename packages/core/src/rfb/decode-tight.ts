import {type Framebuffer, type Rect, pixelOf} from './framebuffer.ts';
import {Inflating} from './inflating.ts';
import {type Reading, notRfb, u8} from './reading.ts';

/** Less than this is sent as it is. */
const SHORTEST_COMPRESSED = 12;

/** The four zlib streams of one connection. */
export class TightStreams {
  readonly #streams: (Inflating | undefined)[] = [];

  reset(bits: number): void {
    for (let at = 0; at < 4; at += 1) if ((bits >> at) & 1) this.#streams[at] = undefined;
  }

  at(index: number): Inflating {
    return (this.#streams[index] ??= new Inflating());
  }
}

export function* decodeTight(screen: Framebuffer, rect: Rect, streams: TightStreams): Reading<void> {
  const control = yield* u8();
  streams.reset(control & 15);
  const kind = control >> 4;
  if (kind === 8) return screen.fill(rect, colourAt(yield 3, 0));
  if (kind > 8) throw notRfb(`Tight rectangles of kind ${kind}, which nobody asked for`);
  const filter = kind & 4 ? yield* u8() : 0;
  const stream = () => streams.at(kind & 3);
  if (filter === 1) return yield* drawPalette(screen, rect, stream);
  if (filter !== 0 && filter !== 2) throw notRfb(`a Tight filter ${filter}`);
  const bytes = yield* contents(rect.width * rect.height * 3, stream);
  if (filter === 2) undoGradient(bytes, rect.width, rect.height);
  draw(screen, rect, at => colourAt(bytes, at * 3));
}

function* drawPalette(screen: Framebuffer, rect: Rect, stream: () => Inflating): Reading<void> {
  const size = (yield* u8()) + 1;
  const colours = yield size * 3;
  const palette = Array.from({length: size}, (_, at) => colourAt(colours, at * 3));
  const {width, height} = rect;
  const colourOf = (index: number) => {
    const colour = palette[index];
    if (colour === undefined) throw notRfb(`colour ${index} of a palette of ${size}`);
    return colour;
  };
  if (size > 2) {
    const bytes = yield* contents(width * height, stream);
    return draw(screen, rect, at => colourOf(bytes[at]!));
  }
  const rowBytes = Math.ceil(width / 8);
  const bytes = yield* contents(rowBytes * height, stream);
  draw(screen, rect, (_, column, row) => colourOf((bytes[row * rowBytes + (column >> 3)]! >> (7 - (column & 7))) & 1));
}

function* contents(length: number, stream: () => Inflating): Reading<Buffer> {
  if (length < SHORTEST_COMPRESSED) return Buffer.from(yield length);
  const compressed = yield* compactLength();
  const bytes = stream().take(yield compressed, length);
  if (bytes.length !== length) throw notRfb('a rectangle that ends too early');
  return bytes;
}

/** Seven bits in each of the first two bytes, eight in the third, lowest first. */
function* compactLength(): Reading<number> {
  const first = yield* u8();
  if (first < 128) return first;
  const second = yield* u8();
  const length = (first & 127) | ((second & 127) << 7);
  return second < 128 ? length : length | ((yield* u8()) << 14);
}

const colourAt = (bytes: Buffer, at: number): number => pixelOf(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!);

function draw(screen: Framebuffer, {x, y, width, height}: Rect, colour: (at: number, column: number, row: number) => number): void {
  for (let row = 0; row < height; row += 1) {
    const start = screen.at(x, y + row);
    for (let column = 0; column < width; column += 1) screen.pixels[start + column] = colour(row * width + column, column, row);
  }
}

/** Each byte is what it differs by from left + above − above left, held to 0…255. */
function undoGradient(bytes: Buffer, width: number, height: number): void {
  const row = width * 3;
  for (let at = 0; at < row * height; at += 1) {
    const left = at % row >= 3 ? bytes[at - 3]! : 0;
    const above = at >= row ? bytes[at - row]! : 0;
    const corner = at >= row && at % row >= 3 ? bytes[at - row - 3]! : 0;
    bytes[at] = bytes[at]! + Math.min(255, Math.max(0, left + above - corner));
  }
}
