import type {Grid} from './cells.ts';
import {move} from './emit.ts';
import {sgrBetween} from './sgr.ts';
import {plainStyle} from './style.ts';
import {drawSvg} from './svg.ts';

export interface Screenshot {
  readonly text: string;
  readonly ansi: string;
  readonly svg: string;
}

/** Lines without what is blank at their ends. */
export const textOf = (grid: Grid): string => rowsOf(grid, ({chars}, cell) => chars[cell]!).join('\n');

export function screenshotOf(grid: Grid, cursor: {readonly column: number; readonly row: number} | undefined): Screenshot {
  return {text: textOf(grid), ansi: ansiOf(grid, cursor), svg: svgOf(grid)};
}

function ansiOf(grid: Grid, cursor: {readonly column: number; readonly row: number} | undefined): string {
  let pen = plainStyle;
  const lines = rowsOf(grid, (_, cell) => {
    const style = grid.styleAt(cell);
    const turned = sgrBetween(pen, style);
    pen = style;
    return turned + grid.chars[cell]!;
  });
  const end = sgrBetween(pen, plainStyle);
  return `${lines.join('\n')}${end}${cursor === undefined ? '' : move(cursor.row, cursor.column)}\n`;
}

function rowsOf(grid: Grid, draw: (grid: Grid, cell: number) => string): string[] {
  return Array.from({length: grid.rows}, (_, row) => {
    const cells = Array.from({length: grid.columns}, (__, column) => draw(grid, row * grid.columns + column));
    return cells.join('').trimEnd();
  });
}

function svgOf(grid: Grid): string {
  return drawSvg(grid.columns, grid.rows, (column, row) => {
    const cell = row * grid.columns + column;
    return {text: grid.chars[cell]!, width: grid.widths[cell]!, style: grid.styleAt(cell)};
  });
}
