import {move} from '../emit.ts';
import type {Area} from './graphics.ts';

/**
 * Numbers of images are colours of the text that stands for them, out of a palette of 256: what every multiplexer keeps. The
 * first sixteen are left out, which bold text and themes change. A number's highest byte is a third mark on the character.
 */
export const FIRST_ID = 16;
export const LAST_ID = 255;

const PLACEHOLDER = '\u{10eeee}';
/** The marks above letters that say a number, in the order of the protocol: as many as lie together in one block of Unicode. */
const marks = [
  ...'\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b',
  ...'\u0363\u0364\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f',
];

/** Cells of a tile's side. */
export const MOST_SIDE = marks.length;
/** See `KittyOptions`. */
export const SERIES = marks.length - 1;

/** How an area is cut, in cells. */
export interface Tiles {
  readonly columns: number;
  readonly rows: number;
  readonly across: number;
  readonly down: number;
}

/** Text for every cell of the area: which row and column of which image it shows. The pen is plain behind it. */
export function placeholders({left, top, columns, rows}: Area, tiles: Tiles, series: number): string {
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    let line = move(top + row, left);
    const [tileRow, inTile] = [Math.floor(row / tiles.rows), row % tiles.rows];
    for (let column = 0; column < columns; column += 1) {
      const across = column % tiles.columns;
      if (across === 0) line += `\u001b[38;5;${FIRST_ID + tileRow * tiles.across + Math.floor(column / tiles.columns)}m`;
      line += PLACEHOLDER + marks[inTile]! + marks[across]! + marks[series]!;
    }
    lines.push(`${line}\u001b[39m`);
  }
  return lines.join('');
}
