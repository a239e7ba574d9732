import type {Rect} from '@boxyard/core/rfb';
import type {Grid} from './cells.ts';
import {plainStyle, rgb, type Style} from './style.ts';

/** Red, green, blue and an unused byte for each pixel, top row first. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** What part of a picture is shown where: half cells count as pixels here, twice as many rows as the grid has. */
export interface Viewport {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** The part of the picture. */
  readonly from: Rect;
}

interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** All of it, as large as it fits, in the middle; never larger than it is. */
export function fitted({width, height}: Pick<Picture, 'width' | 'height'>, {columns, rows}: Room): Viewport {
  const scale = Math.min(1, columns / width, (rows * 2) / height);
  const shown = {width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale))};
  // The upper half of a cell is where a picture begins.
  const top = Math.floor((rows * 2 - shown.height) / 4) * 2;
  return {left: Math.floor((columns - shown.width) / 2), top, ...shown, from: {x: 0, y: 0, width, height}};
}

/** As many pixels as there are half cells, from a place that is moved so that all of them are in the picture. */
export function panned(
  {width, height}: Pick<Picture, 'width' | 'height'>,
  {columns, rows}: Room,
  at: {readonly x: number; readonly y: number},
): Viewport {
  const shown = {width: Math.min(columns, width), height: Math.min(rows * 2, height)};
  const x = Math.max(0, Math.min(at.x, width - shown.width));
  const y = Math.max(0, Math.min(at.y, height - shown.height));
  return {left: 0, top: 0, ...shown, from: {x, y, ...shown}};
}

/** The pixel of the picture under the middle of a cell; undefined beside the picture. */
export function pixelUnder({left, top, width, height, from}: Viewport, column: number, row: number): {x: number; y: number} | undefined {
  const [x, y] = [column - left + 0.5, row * 2 - top + 1];
  if (x < 0 || y < 0 || x >= width || y > height) return undefined;
  return {x: from.x + Math.floor((x * from.width) / width), y: from.y + Math.min(from.height - 1, Math.floor((y * from.height) / height))};
}

/** Draws the cells that show any of `changed`; the rows they are in. `ramp`: characters by brightness instead of colours. */
export function drawPicture(
  grid: Grid,
  picture: Picture,
  view: Viewport,
  {changed, ramp}: {readonly changed: readonly Rect[]; readonly ramp?: string},
): Set<number> {
  const rows = new Set<number>();
  for (const rect of changed) {
    const cells = cellsOf(rect, view, grid);
    for (let row = cells.top; row < cells.bottom; row += 1) {
      rows.add(row);
      for (let column = cells.left; column < cells.right; column += 1) drawCell(grid, {column, row}, picture, {view, ramp});
    }
  }
  return rows;
}

function cellsOf({x, y, width, height}: Rect, {left, top, width: across, height: down, from}: Viewport, grid: Room) {
  const column = (at: number) => left + ((at - from.x) * across) / from.width;
  const row = (at: number) => (top + ((at - from.y) * down) / from.height) / 2;
  return {
    left: Math.max(0, left, Math.floor(column(x))),
    right: Math.min(grid.columns, left + across, Math.ceil(column(x + width))),
    top: Math.max(0, Math.floor(top / 2), Math.floor(row(y))),
    bottom: Math.min(grid.rows, Math.ceil((top + down) / 2), Math.ceil(row(y + height))),
  };
}

interface Drawing {
  readonly view: Viewport;
  readonly ramp: string | undefined;
}

function drawCell(grid: Grid, {column, row}: {column: number; row: number}, picture: Picture, {view, ramp}: Drawing): void {
  const x = column - view.left;
  const y = row * 2 - view.top;
  const upper = averageAt(picture, view, x, y);
  const lower = y + 1 < view.height ? averageAt(picture, view, x, y + 1) : -1;
  if (ramp !== undefined) return grid.put(column, row, brightness(upper, lower, ramp), 1, plainStyle);
  const style: Style = {foreground: upper, background: lower, attributes: 0};
  if (upper === lower) grid.put(column, row, ' ', 1, {...style, foreground: -1});
  else grid.put(column, row, '▀', 1, style);
}

/** The mean of the picture's pixels under one half cell, as `rgb` has it. */
function averageAt({width, pixels}: Picture, {width: across, height: down, from}: Viewport, x: number, y: number): number {
  const left = from.x + Math.floor((x * from.width) / across);
  const right = Math.max(left + 1, from.x + Math.floor(((x + 1) * from.width) / across));
  const top = from.y + Math.floor((y * from.height) / down);
  const bottom = Math.max(top + 1, from.y + Math.floor(((y + 1) * from.height) / down));
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let line = top; line < bottom; line += 1)
    for (let at = line * width + left; at < line * width + right; at += 1) {
      const pixel = pixels[at]!;
      red += pixel & 255;
      green += (pixel >>> 8) & 255;
      blue += (pixel >>> 16) & 255;
    }
  const count = (right - left) * (bottom - top);
  return rgb(Math.round(red / count), Math.round(green / count), Math.round(blue / count));
}

/** From dark to light. */
export const asciiRamp = ' .:-=+*#%@';

function brightness(upper: number, lower: number, ramp: string): string {
  const of = (colour: number) => (((colour >> 16) & 255) * 0.299 + ((colour >> 8) & 255) * 0.587 + (colour & 255) * 0.114) / 256;
  const mean = lower < 0 ? of(upper) : (of(upper) + of(lower)) / 2;
  return ramp[Math.floor(mean * ramp.length)]!;
}
