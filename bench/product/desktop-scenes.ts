import {Framebuffer, type Rect} from '@boxyard/core/rfb';

/** What happens on a desktop, one picture after the other. */
export interface Scene {
  readonly name: string;
  readonly screen: Framebuffer;
  /** Draws the next picture into the screen; what of it changed. */
  next(): readonly Rect[];
}

const size = {width: 1280, height: 800};
const whole: Rect = {x: 0, y: 0, ...size};
const win = {width: 520, height: 360};

/** Windows with lines of something like text, on a background that changes slowly. The same on every run. */
function desktop(): Framebuffer {
  const screen = new Framebuffer();
  screen.resize(size.width, size.height);
  for (let y = 0; y < size.height; y += 1) screen.fill({x: 0, y, width: size.width, height: 1}, 0x503020 + ((y >> 3) << 8));
  for (const [x, y] of [
    [60, 50],
    [420, 220],
    [700, 400],
  ] as const)
    drawWindow(screen, x, y);
  return screen;
}

const random = (seed: number) => () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0);

function drawWindow(screen: Framebuffer, x: number, y: number): void {
  screen.fill({x, y, ...win}, 0xf8f8f8);
  screen.fill({x, y, width: win.width, height: 22}, 0xa06030);
  const next = random(7);
  for (let line = y + 30; line < y + win.height - 14; line += 14)
    for (let at = x + 8; at < x + win.width - 12; at += 7) drawLetter(screen, at, line, next);
}

function drawLetter(screen: Framebuffer, x: number, y: number, next: () => number): void {
  for (let stroke = 0; stroke < 3; stroke += 1) {
    const of = next();
    if (of >>> 28 <= 2) continue;
    screen.fill({x: x + ((of >>> 8) & 3), y: y + ((of >>> 16) & 7), width: 1 + ((of >>> 20) & 1), height: 3}, 0x202020);
  }
}

export const still = (): Scene => ({name: 'still', screen: desktop(), next: () => [whole]});

export function movingWindow(): Scene {
  const behind = desktop();
  const screen = desktop();
  const other = new Framebuffer();
  other.resize(size.width, size.height);
  drawWindow(other, 0, 0);
  let at = {x: 0, y: 0};
  let step = 0;
  return {
    name: 'a moving window',
    screen,
    next() {
      const old: Rect = {...at, ...win};
      step += 1;
      at = {x: (step * 8) % (size.width - win.width), y: (step * 5) % (size.height - win.height)};
      copy(behind, old, screen, old);
      copy(other, {x: 0, y: 0, ...win}, screen, {...at, ...win});
      return [old, {...at, ...win}];
    },
  };
}

function copy(from: Framebuffer, source: Rect, to: Framebuffer, target: Rect): void {
  for (let row = 0; row < source.height; row += 1) {
    const start = from.at(source.x, source.y + row);
    to.pixels.set(from.pixels.subarray(start, start + source.width), to.at(target.x, target.y + row));
  }
}

export function noise(): Scene {
  const screen = desktop();
  const next = random(42);
  const pictures = Array.from({length: 3}, () => Uint32Array.from({length: size.width * size.height}, () => next() >>> 8));
  let at = 0;
  return {
    name: 'noise',
    screen,
    next() {
      screen.pixels.set(pictures[at++ % pictures.length]!);
      return [whole];
    },
  };
}
