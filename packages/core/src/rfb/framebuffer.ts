import {notRfb} from './reading.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** 7680 × 4320: no screen anybody watches is larger, and its 127 MiB are what a hostile server can make us hold. */
export const MOST_PIXELS = 33_177_600;

/** `0x00BBGGRR` of the bytes red, green, blue. */
export const pixelOf = (red: number, green: number, blue: number): number => red | (green << 8) | (blue << 16);

/** The pixels of a screen, top row first: in memory red, green, blue and an unused byte each. */
export class Framebuffer {
  width = 0;
  height = 0;
  pixels = new Uint32Array(0);

  /** What is in both sizes stays. */
  resize(width: number, height: number): void {
    if (width === 0 || height === 0 || width * height > MOST_PIXELS) throw notRfb(`a screen of ${width} × ${height}`);
    if (width === this.width && height === this.height) return;
    const pixels = new Uint32Array(width * height);
    const [columns, rows] = [Math.min(width, this.width), Math.min(height, this.height)];
    for (let y = 0; y < rows; y += 1) pixels.set(this.pixels.subarray(y * this.width, y * this.width + columns), y * width);
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  /** Throws where a rectangle leaves the screen: nothing may be written outside it. */
  check({x, y, width, height}: Rect): void {
    if (x + width > this.width || y + height > this.height)
      throw notRfb(`a rectangle ${width}×${height}+${x}+${y} outside a screen of ${this.width}×${this.height}`);
  }

  fill({x, y, width, height}: Rect, pixel: number): void {
    for (let row = y; row < y + height; row += 1) this.pixels.fill(pixel, row * this.width + x, row * this.width + x + width);
  }

  /** The parts may overlap. */
  copy({x, y, width, height}: Rect, fromX: number, fromY: number): void {
    const down = fromY < y;
    for (let at = 0; at < height; at += 1) {
      const row = down ? height - 1 - at : at;
      const from = (fromY + row) * this.width + fromX;
      this.pixels.copyWithin((y + row) * this.width + x, from, from + width);
    }
  }

  /** Where the first pixel of a row of the rectangle is in `pixels`. */
  at(x: number, y: number): number {
    return y * this.width + x;
  }
}
