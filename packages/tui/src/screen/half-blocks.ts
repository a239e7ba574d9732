import type {Rect} from '@boxyard/core/rfb';
import type {Grid} from './cells.ts';
import {quadrantsOf} from './quadrants.ts';
import {rgb, type Style} from './style.ts';
import {cellsOf, dotsOf, type Picture, type Viewport} from './viewport.ts';

/** What a cell shows of a picture: two dots or four in two colours, or one letter by brightness. */
export type Marks = 'halves' | 'quadrants' | 'letters';

interface Drawing {
  readonly changed: readonly Rect[];
  /** Quadrants are of a view with two dots across, the others of one. */
  readonly marks?: Marks;
  /** `steadyColour` of terminals with a palette; otherwise colours are as they are. */
  readonly steady?: Steady | undefined;
}

type Steady = (colour: number, shown: number) => number;

/** Draws the cells that show any of `changed`; the rows they are in. */
export function drawPicture(grid: Grid, picture: Picture, view: Viewport, {changed, marks = 'halves', steady}: Drawing): Set<number> {
  const rows = new Set<number>();
  for (const rect of changed) {
    const cells = cellsOf(dotsOf(rect, view), view);
    const right = Math.min(grid.columns, cells.left + cells.columns);
    for (let row = cells.top; row < Math.min(grid.rows, cells.top + cells.rows); row += 1) {
      rows.add(row);
      for (let column = cells.left; column < right; column += 1) {
        const cell = cellOf[marks](picture, view, column, row);
        put(grid, {column, row}, steady === undefined ? cell : steadied(cell, grid.styleAt(row * grid.columns + column), steady));
      }
    }
  }
  return rows;
}

interface Cell {
  readonly text: string;
  readonly foreground: number;
  readonly background: number;
}

const cellOf: Readonly<Record<Marks, (picture: Picture, view: Viewport, column: number, row: number) => Cell>> = {
  halves(picture, view, column, row) {
    const [foreground, background] = halvesAt(picture, view, column, row);
    return {text: '▀', foreground, background};
  },
  quadrants(picture, view, column, row) {
    const [x, y] = [column * 2 - view.left, row * 2 - view.top];
    const at = (across: number, down: number) =>
      x + across < view.width && y + down < view.height ? averageAt(picture, view, x + across, y + down) : -1;
    return quadrantsOf([at(0, 0), at(1, 0), at(0, 1), at(1, 1)]);
  },
  letters(picture, view, column, row) {
    const [upper, lower] = halvesAt(picture, view, column, row);
    const mean = lower < 0 ? brightness(upper) : (brightness(upper) + brightness(lower)) / 2;
    return {text: ramp[Math.floor(mean * ramp.length)]!, foreground: -1, background: -1};
  },
};

const steadied = ({text, foreground, background}: Cell, shown: Style, steady: Steady): Cell => ({
  text,
  // One colour alone is behind.
  foreground: steady(foreground, shown.foreground < 0 ? shown.background : shown.foreground),
  background: steady(background, shown.background),
});

/** What is in front of its own colour is nothing. */
function put(grid: Grid, {column, row}: {readonly column: number; readonly row: number}, {text, foreground, background}: Cell): void {
  if (foreground === background && text !== ' ')
    grid.put(column, row, background < 0 ? text : ' ', 1, {foreground: -1, background, attributes: 0});
  else grid.put(column, row, text, 1, {foreground, background, attributes: 0});
}

/** The lower is -1 where the picture ends in the middle of the cell. */
function halvesAt(picture: Picture, view: Viewport, column: number, row: number): readonly [number, number] {
  const [x, y] = [column - view.left, row * 2 - view.top];
  return [averageAt(picture, view, x, y), y + 1 < view.height ? averageAt(picture, view, x, y + 1) : -1];
}

/** The mean of the picture's pixels under one dot, as `rgb` has it. */
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
const ramp = ' .:-=+*#%@';

const brightness = (colour: number): number =>
  (((colour >> 16) & 255) * 0.299 + ((colour >> 8) & 255) * 0.587 + (colour & 255) * 0.114) / 256;
