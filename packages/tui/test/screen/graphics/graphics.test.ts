import fc from 'fast-check';
import {Writable} from 'node:stream';
import {describe, expect, test, vi} from 'vitest';
import type {Rect} from '@boxyard/core/rfb';
import {Framebuffer} from '@boxyard/core/rfb';
import {DisplayPainter} from '../../../src/screen/display-painter.ts';
import type {Graphics} from '../../../src/screen/graphics/graphics.ts';
import {Frame} from '../../../src/screen/graphics/frame.ts';
import {iterm} from '../../../src/screen/graphics/iterm.ts';
import {kitty} from '../../../src/screen/graphics/kitty.ts';
import {sixel} from '../../../src/screen/graphics/sixel.ts';
import {throughTmux} from '../../../src/screen/graphics/tmux.ts';
import {fitted, panned, type Viewport} from '../../../src/screen/viewport.ts';
import {PictureTerminal, type TerminalSize} from './picture-terminal.ts';

const size: TerminalSize = {columns: 40, rows: 12, cell: {width: 7, height: 15}};
const plain = (sequence: string) => sequence;

const protocols: readonly (readonly [string, () => Graphics, number])[] = [
  ['kitty with placeholders', () => kitty({hasPlaceholders: true, wrap: plain, series: 3}), 0],
  ['kitty with placeholders through tmux', () => kitty({hasPlaceholders: true, wrap: throughTmux, series: 29}), 0],
  ['kitty without them', () => kitty({hasPlaceholders: false, wrap: plain, series: 1}), 0],
  ['OSC 1337', iterm, 0],
  // Its colours are hundredths.
  ['sixel', sixel, 2],
];

/** A painter in front of a terminal that shows pictures; every write is kept. */
function open(graphics: Graphics) {
  const terminal = new PictureTerminal(size);
  const writes: Buffer[] = [];
  const stdout = Object.assign(
    new Writable({
      write(chunk: Buffer, _, done) {
        writes.push(chunk);
        terminal.write(chunk).then(() => done(), done);
      },
    }),
    {columns: size.columns, rows: size.rows},
  );
  const painter = new DisplayPainter({stdout, fps: 1_000, colours: 'truecolor', painted: () => undefined});
  painter.draw({marks: 'halves', graphics, cell: size.cell});
  const bytes = () => writes.reduce((sum, {length}) => sum + length, 0);
  return {terminal, painter, writes, bytes, [Symbol.dispose]: () => painter.close()};
}

function screenOf(width: number, height: number, pixel: (x: number, y: number) => number): Framebuffer {
  const screen = new Framebuffer();
  screen.resize(width, height);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) screen.pixels[screen.at(x, y)] = pixel(x, y);
  return screen;
}

const few = (x: number, y: number) => [0x203040, 0xffffff, 0x0000ff, 0x00c000][((x >> 3) + (y >> 2)) & 3]!;
/** More colours than a palette has. */
const many = (x: number, y: number) => ((x * 5) & 255) | (((y * 7) & 255) << 8) | (((x * y) & 255) << 16);
const whole = ({width, height}: Framebuffer): Rect => ({x: 0, y: 0, width, height});

/** What the terminal should show, pixel by pixel: the part of the screen from `from`, black to the end of its last cells, nothing else. */
function expected(screen: Framebuffer, graphics: Graphics, from?: {readonly x: number; readonly y: number}): Int32Array {
  const room = {columns: size.columns, rows: size.rows - 1 - graphics.spareRows};
  const view = from === undefined ? fitted(screen, room, size.cell) : panned(screen, room, from, size.cell);
  const [across, down] = [size.columns * size.cell.width, size.rows * size.cell.height];
  const [right, bottom] = [
    Math.ceil(view.width / size.cell.width) * size.cell.width,
    Math.ceil(view.height / size.cell.height) * size.cell.height,
  ];
  return Int32Array.from({length: across * down}, (_, at) => {
    const [x, y] = [(at % across) - view.left, Math.floor(at / across) - view.top];
    if (x < 0 || y < 0 || x >= right || y >= bottom) return -1;
    return x < view.width && y < view.height ? screen.pixels[screen.at(view.from.x + x, view.from.y + y)]! : 0;
  });
}

const channels = [0, 8, 16] as const;
const far = (a: number, b: number): number =>
  a < 0 || b < 0 ? (a === b ? 0 : 256) : Math.max(...channels.map(shift => Math.abs(((a >> shift) & 255) - ((b >> shift) & 255))));

/** The pixels that are farther off than they may be, once what was asked for is painted. */
async function wrongPixels(terminal: PictureTerminal, wanted: Int32Array, tolerance: number): Promise<number> {
  const shown = await terminal.pixels();
  return wanted.reduce((wrong, pixel, at) => wrong + Number(far(shown[at]!, pixel) > tolerance), 0);
}
const isShown = (terminal: PictureTerminal, wanted: Int32Array, tolerance: number) =>
  vi.waitFor(async () => expect(await wrongPixels(terminal, wanted, tolerance)).toBe(0), {timeout: 20_000});

describe.each(protocols)('%s', (name, make, tolerance) => {
  test('a picture arrives pixel by pixel, and what changes of it after it', async () => {
    const graphics = make();
    using opened = open(graphics);
    const {painter, terminal, bytes} = opened;
    const screen = screenOf(200, 130, few);
    painter.show(screen);
    await isShown(terminal, expected(screen, graphics), tolerance);
    const first = bytes();
    screen.fill({x: 61, y: 40, width: 9, height: 3}, 0x00ff00);
    painter.changed([{x: 61, y: 40, width: 9, height: 3}]);
    await isShown(terminal, expected(screen, graphics), tolerance);
    expect(bytes() - first).toBeLessThan(first * 0.75);
  });

  test('a screen that is told to have changed and has not costs nothing, and words cost no picture', async () => {
    const graphics = make();
    using opened = open(graphics);
    const {painter, terminal, bytes} = opened;
    const screen = screenOf(200, 130, few);
    painter.show(screen);
    await isShown(terminal, expected(screen, graphics), tolerance);
    const before = bytes();
    painter.changed([whole(screen)]);
    painter.note('words');
    await vi.waitFor(async () => expect((await terminal.lines()).at(-1)).toBe('words'));
    expect(bytes() - before).toBeLessThan(60);
    await isShown(terminal, expected(screen, graphics), tolerance);
  });

  test('larger than the terminal it is averaged, and one to one a part of it that moves', async () => {
    const graphics = make();
    using opened = open(graphics);
    const {painter, terminal} = opened;
    const grey = screenOf(560, 260, x => (x % 2 === 0 ? 0 : 0xfefefe));
    painter.show(grey);
    const room = {columns: size.columns, rows: size.rows - 1 - graphics.spareRows};
    const scaled = fitted(grey, room, size.cell);
    expect(scaled.width).toBe(280);
    await isShown(
      terminal,
      expected(
        screenOf(scaled.width, scaled.height, () => 0x7f7f7f),
        graphics,
      ),
      tolerance,
    );
    const large = screenOf(560, 400, few);
    painter.show(large);
    painter.zoom();
    await isShown(terminal, expected(large, graphics, {x: 0, y: 0}), tolerance);
    painter.pan([1, 0], 8);
    painter.pan([0, 1], 3);
    await isShown(terminal, expected(large, graphics, {x: 56, y: 45}), tolerance);
  });

  test('another font is another size of its pixels, and what is left is left clean', async () => {
    const graphics = make();
    const opened = open(graphics);
    const {painter, terminal} = opened;
    const screen = screenOf(200, 130, few);
    painter.show(screen);
    await isShown(terminal, expected(screen, graphics), tolerance);
    painter.resized();
    painter.cellIs({width: 7, height: 15});
    await isShown(terminal, expected(screen, graphics), tolerance);
    painter.close();
    await vi.waitFor(() => expect(terminal.kitty.kept.size).toBe(0));
  });

  test('noise of more colours than any palette has is near to what it was', async () => {
    const graphics = make();
    using opened = open(graphics);
    const screen = screenOf(120, 90, many);
    opened.painter.show(screen);
    await isShown(opened.terminal, expected(screen, graphics), name === 'sixel' ? 40 : tolerance);
  });
});

test('a terminal that takes nothing gets the newest picture when it does, and none in between', async () => {
  const graphics = kitty({hasPlaceholders: true, wrap: plain, series: 1});
  const taken: Buffer[] = [];
  let next: () => void = () => undefined;
  const stdout = Object.assign(
    new Writable({
      write(chunk: Buffer, _, done) {
        taken.push(chunk);
        next = done;
      },
    }),
    {columns: size.columns, rows: size.rows},
  );
  const painter = new DisplayPainter({stdout, fps: 1_000, colours: 'truecolor', painted: () => undefined});
  painter.draw({marks: 'halves', graphics, cell: size.cell});
  const screen = screenOf(100, 80, () => 0);
  painter.show(screen);
  await vi.waitFor(() => expect(taken).toHaveLength(1));
  for (let shade = 1; shade <= 50; shade += 1) {
    screen.fill(whole(screen), shade);
    painter.changed([whole(screen)]);
    await new Promise(resolve => setImmediate(resolve));
  }
  expect([taken.length, stdout.writableLength]).toEqual([1, taken[0]!.length]);
  next();
  await vi.waitFor(() => expect(taken).toHaveLength(2));
  const terminal = new PictureTerminal(size);
  for (const bytes of taken) await terminal.write(bytes);
  expect(await wrongPixels(terminal, expected(screen, graphics), 0)).toBe(0);
  painter.close();
});

test('whatever the sizes, a part that is scaled is what the whole would be, near to the true mean', () => {
  const side = fc.integer({min: 1, max: 40});
  fc.assert(
    fc.property(fc.record({width: side, height: side, columns: side, rows: side}), fc.integer(), ({width, height, columns, rows}, seed) => {
      const screen = screenOf(width, height, (x, y) => Math.imul(x * 31 + y * 17 + 1, seed | 1) & 0xff_ffff);
      const view = fitted(screen, {columns, rows}, {width: 1, height: 1});
      const [parts, all] = [new Frame(view), new Frame(view)];
      parts.draw(screen, [whole(screen)]);
      const changed = {x: width >> 1, y: height >> 2, width: Math.max(1, width >> 2), height: Math.max(1, height >> 1)};
      screen.fill(changed, 0x12_3456);
      parts.draw(screen, [changed]);
      all.draw(screen, [whole(screen)]);
      expect(parts.pixels).toEqual(all.pixels);
      for (let at = 0; at < all.pixels.length; at += 1)
        expect(far(all.pixels[at]!, meanUnder(screen, view, at % view.width, Math.floor(at / view.width)))).toBeLessThanOrEqual(3);
    }),
  );
});

/** By area, with fractions. */
function meanUnder(screen: Framebuffer, view: Viewport, x: number, y: number): number {
  const span = (at: number, from: number, to: number) => [(at * from) / to, ((at + 1) * from) / to] as const;
  const [left, right] = span(x, screen.width, view.width);
  const [top, bottom] = span(y, screen.height, view.height);
  const sums = [0, 0, 0];
  for (let row = Math.floor(top); row < Math.ceil(bottom - 1e-9); row += 1)
    for (let column = Math.floor(left); column < Math.ceil(right - 1e-9); column += 1) {
      const share = (Math.min(right, column + 1) - Math.max(left, column)) * (Math.min(bottom, row + 1) - Math.max(top, row));
      for (const [at, shift] of channels.entries()) sums[at]! += share * ((screen.pixels[screen.at(column, row)]! >>> shift) & 255);
    }
  const [red, green, blue] = sums.map(sum => Math.round(sum / ((right - left) * (bottom - top))));
  return red! | (green! << 8) | (blue! << 16);
}
