import {safeLine} from './safe-text.ts';
import {clip, pad, textWidth} from './width.ts';

/** One column; `cell` may hold anything, it is made safe here. */
export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T, now: number) => string;
  readonly align?: 'left' | 'right';
  /** May be cut to fit a terminal. Ids never are. */
  readonly flexible?: boolean;
  /** Left out where a terminal is too narrow for all; the last such column goes first. */
  readonly spare?: boolean;
  /** Only where all columns are asked for, or this one by name. */
  readonly wide?: boolean;
  /** What it is sorted by where that is not its text. */
  readonly sort?: (item: T) => string | number | undefined;
}

export interface TableOptions {
  readonly headers: boolean;
  readonly now: number;
  /** Absent: not a terminal, nothing is cut. */
  readonly columns?: number | undefined;
  readonly emphasise?: (text: string) => string;
}

/** One record per line, the same columns on a terminal and in a pipe; only a terminal cuts flexible cells. */
export function renderTable<T>(items: readonly T[], columns: readonly Column<T>[], options: TableOptions): string {
  const rows = items.map(item => columns.map(column => safeLine(column.cell(item, options.now)) || '-'));
  const titles = columns.map(column => column.title);
  const natural = columns.map((_, i) => Math.max(...rows.map(row => textWidth(row[i]!)), options.headers ? textWidth(titles[i]!) : 0));
  const widths = fit(natural, columns, options.columns);
  const line = (cells: readonly string[]) =>
    cells
      .flatMap((cell, i) => (widths[i] === 0 ? [] : [pad(clip(cell, widths[i]!), widths[i]!, columns[i]!.align)]))
      .join('  ')
      .trimEnd();
  const emphasise = options.emphasise ?? (text => text);
  return [...(options.headers ? [emphasise(line(titles))] : []), ...rows.map(line)].map(text => `${text}\n`).join('');
}

const smallestFlexible = 8;

/** Widths that fit: flexible columns shrink first, then spare ones go (width 0). */
function fit<T>(natural: readonly number[], columns: readonly Column<T>[], available: number | undefined): readonly number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  const least = widths.map((width, i) => (columns[i]!.flexible ? Math.min(width, smallestFlexible) : width));
  for (let i = columns.length - 1; i >= 0 && total(least) > available; i--) if (columns[i]!.spare) least[i] = widths[i] = 0;
  for (let excess = total(widths) - available; excess > 0;) {
    const widest = widths.reduce((best, width, i) => (columns[i]!.flexible && width > (widths[best] ?? 0) ? i : best), -1);
    if (widest < 0 || widths[widest]! <= smallestFlexible) return widths;
    const cut = Math.min(excess, Math.max(1, widths[widest]! - smallestFlexible));
    widths[widest]! -= cut;
    excess -= cut;
  }
  return widths;
}

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + (width === 0 ? 0 : width + 2), -2);
