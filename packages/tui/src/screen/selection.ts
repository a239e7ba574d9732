import type {Grid, Region} from './cells.ts';
import {attribute} from './style.ts';

export interface Cell {
  readonly column: number;
  readonly row: number;
}

/** From one cell to another as one reads, both with them, never beyond `region`. */
export interface Selection {
  readonly region: Region;
  readonly from: Cell;
  readonly to: Cell;
}

export interface SelectedRow {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

/** Its rows, each from `start` to before `end`; none where it is a single cell. */
export function rowsOf({region, from, to}: Selection): readonly SelectedRow[] {
  const [first, last] = from.row < to.row || (from.row === to.row && from.column <= to.column) ? [from, to] : [to, from];
  if (first.row === last.row && first.column === last.column) return [];
  const right = region.left + region.columns;
  const top = Math.max(first.row, region.top);
  const bottom = Math.min(last.row, region.top + region.rows - 1);
  return Array.from({length: Math.max(0, bottom - top + 1)}, (_, i) => {
    const row = top + i;
    const start = row === first.row ? Math.max(first.column, region.left) : region.left;
    const end = row === last.row ? Math.min(last.column + 1, right) : right;
    return {row, start, end};
  });
}

/** The other way round than it is. */
export function invert(grid: Grid, {row, start, end}: SelectedRow): void {
  for (let column = Math.max(0, start); column < Math.min(end, grid.columns); column += 1)
    grid.attributes[row * grid.columns + column]! ^= attribute.inverse;
}

/** What stands there, without the blanks at the ends of lines. */
export const textIn = (grid: Grid, rows: readonly SelectedRow[]): string =>
  rows
    .filter(({row}) => row < grid.rows)
    .map(({row, start, end}) =>
      grid.chars
        .slice(row * grid.columns + start, row * grid.columns + Math.min(end, grid.columns))
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .trimEnd();
