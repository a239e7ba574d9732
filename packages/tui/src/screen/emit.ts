import type {Grid, Region} from './cells.ts';
import {sgrBetween} from './sgr.ts';
import {plainStyle, sameStyle, type Style} from './style.ts';

/** How cells become bytes: the colours and characters that the terminal has. */
export interface Rendition {
  readonly style: (style: Style) => Style;
  readonly character: (text: string) => string;
}

/**
 * What brings the terminal from showing `shown` to showing `next`, and makes `shown` equal to it. `rows` may have changed;
 * of those in `unknown` it is not known what the terminal shows. The pen is plain before and behind it, the cursor anywhere.
 * Each run begins with an absolute move: blanks are written, never skipped, so nothing that stood there stays.
 */
export function emitChanges(
  shown: Grid,
  next: Grid,
  {rows, unknown}: {readonly rows: Iterable<number>; readonly unknown: ReadonlySet<number>},
  rendition: Rendition,
): string {
  const writer = new Writer(next, rendition, true);
  for (const row of rows) {
    if (unknown.has(row)) writer.span(row, 0, next.columns);
    else emitRow(shown, next, row, writer);
    shown.copyRow(next, row);
  }
  return writer.end();
}

/** All cells of a region, whatever is shown there, and none beside it. */
export function emitRegion(grid: Grid, region: Region, rendition: Rendition): string {
  const writer = new Writer(grid, rendition, false);
  const from = Math.max(0, region.left);
  const to = Math.min(grid.columns, region.left + region.columns);
  for (let row = Math.max(0, region.top); row < Math.min(grid.rows, region.top + region.rows); row += 1) writer.span(row, from, to);
  return writer.end();
}

/** Cells that did not change but stand between two that did: writing so few again is shorter than a move. */
const BRIDGED = 5;

function emitRow(shown: Grid, next: Grid, row: number, writer: Writer): void {
  const start = row * next.columns;
  const end = start + next.columns;
  let from = -1;
  let until = -1;
  const spans: [number, number][] = [];
  for (let cell = start; cell < end; cell += 1) {
    if (isSame(shown, next, cell)) continue;
    // Terminals disagree about what is left of half a character: the row is written whole.
    if (shown.widths[cell] !== 1 || next.widths[cell] !== 1) return writer.span(row, 0, next.columns);
    if (from >= 0 && cell - until > BRIDGED) {
      spans.push([from, until]);
      from = -1;
    }
    if (from < 0) from = cell;
    until = cell + 1;
  }
  if (from >= 0) spans.push([from, until]);
  for (const [first, last] of spans) writer.span(row, first - start, last - start);
}

const isSame = (a: Grid, b: Grid, cell: number): boolean =>
  a.chars[cell] === b.chars[cell] &&
  a.widths[cell] === b.widths[cell] &&
  a.foregrounds[cell] === b.foregrounds[cell] &&
  a.backgrounds[cell] === b.backgrounds[cell] &&
  a.attributes[cell] === b.attributes[cell];

/** To the end of the row; shorter than four blanks. */
const ERASE = '\u001b[K';

class Writer {
  readonly #grid: Grid;
  readonly #rendition: Rendition;
  readonly #isWhole: boolean;
  readonly #parts: string[] = [];
  #pen = plainStyle;
  // As the grid has it, to spare the conversion where it did not change.
  #raw = plainStyle;

  /** `isWhole`: the grid says all that the terminal shows, beside what is written as well. */
  constructor(grid: Grid, rendition: Rendition, isWhole: boolean) {
    this.#grid = grid;
    this.#rendition = rendition;
    this.#isWhole = isWhole;
  }

  span(row: number, from: number, to: number): void {
    const grid = this.#grid;
    const start = row * grid.columns;
    const blankFrom = this.#isWhole ? Math.min(to, this.#blankTail(start, from)) : to;
    this.#parts.push(move(row, from));
    for (let column = from; column < blankFrom; column += 1) {
      const cell = start + column;
      const width = grid.widths[cell]!;
      if (width === 0) continue;
      this.#style(cell);
      const text = grid.chars[cell]!;
      // One that shows it in one cell would keep what stood in the other.
      if (width > 1) this.#parts.push(' '.repeat(width), move(row, column));
      this.#parts.push(this.#rendition.character(text));
      // Not every terminal takes such a cluster for as wide as we do.
      if ((width > 1 || text.length > 1) && column + width < to) this.#parts.push(move(row, column + width));
    }
    if (blankFrom === to) return;
    this.#turn(plainStyle, plainStyle);
    this.#parts.push(to - blankFrom > ERASE.length ? ERASE : ' '.repeat(to - blankFrom));
  }

  end(): string {
    this.#turn(plainStyle, plainStyle);
    return this.#parts.join('');
  }

  #style(cell: number): void {
    const {foregrounds, backgrounds, attributes} = this.#grid;
    const raw = this.#raw;
    if (foregrounds[cell] === raw.foreground && backgrounds[cell] === raw.background && attributes[cell] === raw.attributes) return;
    const style = this.#grid.styleAt(cell);
    this.#turn(style, this.#rendition.style(style));
  }

  #turn(raw: Style, pen: Style): void {
    this.#raw = raw;
    if (sameStyle(this.#pen, pen)) return;
    this.#parts.push(sgrBetween(this.#pen, pen));
    this.#pen = pen;
  }

  /** Where only plain blanks follow, if anywhere. */
  #blankTail(start: number, from: number): number {
    const {chars, foregrounds, backgrounds, attributes, columns} = this.#grid;
    let column = columns;
    while (column > from) {
      const cell = start + column - 1;
      if (chars[cell] !== ' ' || foregrounds[cell] !== -1 || backgrounds[cell] !== -1 || attributes[cell] !== 0) break;
      column -= 1;
    }
    return column;
  }
}

export const move = (row: number, column: number): string => `\u001b[${row + 1};${column + 1}H`;
