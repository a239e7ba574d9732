import type {Rect} from '@boxyard/core/rfb';
import type {Region} from './cells.ts';

/** Red, green, blue and an unused byte for each pixel, top row first. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What part of a picture is shown where, in dots: what one cell has `dots` of, across and down. */
export interface Viewport {
  readonly dots: Size;
  /** Where a cell begins, as `top`. */
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

/** A half block: one dot above the other. */
export const halves: Size = {width: 1, height: 2};

/** All of it, as large as it fits, in the middle; never larger than it is. */
export function fitted({width, height}: Size, {columns, rows}: Room, dots = halves): Viewport {
  const scale = Math.min(1, (columns * dots.width) / width, (rows * dots.height) / height);
  const shown = {width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale))};
  const middle = (room: number, taken: number, dot: number) => Math.floor((room * dot - taken) / (2 * dot)) * dot;
  return {
    dots,
    left: middle(columns, shown.width, dots.width),
    top: middle(rows, shown.height, dots.height),
    ...shown,
    from: {x: 0, y: 0, width, height},
  };
}

/** As many pixels as there are dots, from a place that is moved so that all of them are in the picture. */
export function panned(
  {width, height}: Size,
  {columns, rows}: Room,
  at: {readonly x: number; readonly y: number},
  dots = halves,
): Viewport {
  const shown = {width: Math.min(columns * dots.width, width), height: Math.min(rows * dots.height, height)};
  const x = Math.max(0, Math.min(at.x, width - shown.width));
  const y = Math.max(0, Math.min(at.y, height - shown.height));
  return {dots, left: 0, top: 0, ...shown, from: {x, y, ...shown}};
}

/** The pixel of the picture under the middle of a cell; undefined beside the picture. */
export function pixelUnder(
  {dots, left, top, width, height, from}: Viewport,
  column: number,
  row: number,
): {x: number; y: number} | undefined {
  const [x, y] = [column * dots.width - left, row * dots.height - top];
  if (x < 0 || y < 0 || x >= width || y >= height) return undefined;
  const under = (dot: number, half: number, shown: number, length: number) =>
    Math.min(length - 1, Math.floor(((dot + half) * length) / shown));
  return {x: from.x + under(x, dots.width / 2, width, from.width), y: from.y + under(y, dots.height / 2, height, from.height)};
}

/** The dots, from the corner of what is shown, that show any of the rectangle. */
export function dotsOf({x, y, width, height}: Rect, {width: across, height: down, from}: Viewport): Rect {
  const column = (at: number) => ((at - from.x) * across) / from.width;
  const row = (at: number) => ((at - from.y) * down) / from.height;
  const [left, top] = [Math.max(0, Math.floor(column(x))), Math.max(0, Math.floor(row(y)))];
  const [right, bottom] = [Math.min(across, Math.ceil(column(x + width))), Math.min(down, Math.ceil(row(y + height)))];
  return {x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top)};
}

/** The cells in which these dots are. */
export function cellsOf({x, y, width, height}: Rect, {dots, left, top}: Viewport): Region {
  const [column, row] = [Math.floor((left + x) / dots.width), Math.floor((top + y) / dots.height)];
  return {
    left: column,
    top: row,
    columns: width === 0 ? 0 : Math.ceil((left + x + width) / dots.width) - column,
    rows: height === 0 ? 0 : Math.ceil((top + y + height) / dots.height) - row,
  };
}
