import {safeLine} from '../../output/safe-text.ts';
import {clip, pad} from '../../output/width.ts';
import type {Figures} from '../data.ts';
import type {Look} from '../state.ts';
import type {Tone} from '../theme.ts';

/** `width` counts cells; `grow` columns share what is left, and the last with a `spare` goes first where there is too little. */
export interface PageColumn<T> {
  readonly title: string;
  readonly width: number;
  /** Figures are there for the rows in sight alone. */
  readonly cell: (item: T, now: number, figures?: Figures) => string;
  readonly align?: 'left' | 'right';
  readonly grow?: number;
  readonly spare?: boolean;
  /** What it is ordered by; absent: its text. Where it takes `figures`, they are asked for also of rows out of sight. */
  readonly order?: (item: T, figures: Figures) => string | number;
  readonly isByFigures?: true;
}

export interface ShownRow {
  readonly id: string;
  readonly tone: Tone;
  readonly text: string;
}

const gap = 2;
/** In front of every row: a mark, or for who hears it the longest of the words. */
export const markWidth = ({isLinear}: Look): number => (isLinear ? linearWidth : 3);
const linearWidth = '> warning '.length;

/** Columns with their widths for a line of `width` cells: the same whatever rows are in sight, so that nothing moves when they scroll. */
export function fitted<T>(columns: readonly PageColumn<T>[], width: number): readonly PageColumn<T>[] {
  const needed = (all: readonly PageColumn<T>[]) => all.reduce((sum, column) => sum + column.width + gap, -gap);
  let shown = columns;
  while (needed(shown) > width) {
    const spare = shown.findLast(column => column.spare);
    if (spare === undefined) break;
    shown = shown.filter(column => column !== spare);
  }
  const left = Math.max(0, width - needed(shown));
  const shares = shown.reduce((sum, column) => sum + (column.grow ?? 0), 0);
  let given = 0;
  const last = shown.findLast(column => column.grow !== undefined);
  return shown.map(column => {
    if (column.grow === undefined) return column;
    const more = column === last ? left - given : Math.floor((left * column.grow) / shares);
    given += more;
    return {...column, width: column.width + more};
  });
}

const lineOf = <T>(columns: readonly PageColumn<T>[], width: number, textOf: (column: PageColumn<T>) => string): string =>
  pad(clip(columns.map(column => pad(clip(textOf(column), column.width), column.width, column.align)).join(' '.repeat(gap)), width), width);

export const titleLine = <T>(columns: readonly PageColumn<T>[], width: number, sorted: string | undefined, isReversed: boolean): string =>
  lineOf(columns, width, ({title}) => (title === sorted ? `${title}${isReversed ? '▲' : '▼'}` : title));

export interface Drawn {
  readonly width: number;
  readonly now: number;
  readonly figures?: Figures;
}

export const rowLine = <T>(columns: readonly PageColumn<T>[], item: T, {width, now, figures}: Drawn): string =>
  lineOf(columns, width, column => safeLine(column.cell(item, now, figures)));
