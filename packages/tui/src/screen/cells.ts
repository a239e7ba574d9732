import {clusters} from '../output/width.ts';
import {afterSgr} from './sgr.ts';
import {plainStyle, type Style} from './style.ts';

/** In cells of the terminal, from 0. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

/** Where an overlay draws: columns and rows count from its region's corner; what lies outside is dropped. */
export interface Canvas {
  /**
   * `text` is one character as a person sees it, `width` the columns it takes (`clusters` of output/width.ts says both).
   * Trusted: what others wrote is made harmless first.
   */
  put(column: number, row: number, text: string, width: number, style: Style): void;
  /** A line of text with its width reckoned; SGR in it counts, other sequences are dropped. Returns the column behind it. */
  text(column: number, row: number, text: string, style?: Style): number;
  /** Blanks the whole region. */
  clear(style?: Style): void;
}

/** A screenful of cells. A character wider than one cell is followed by cells of width 0. */
export class Grid {
  readonly columns: number;
  readonly rows: number;
  readonly chars: string[];
  readonly widths: Uint8Array;
  readonly foregrounds: Int32Array;
  readonly backgrounds: Int32Array;
  readonly attributes: Uint8Array;

  constructor(columns: number, rows: number) {
    const cells = columns * rows;
    this.columns = columns;
    this.rows = rows;
    this.chars = Array.from({length: cells}, () => ' ');
    this.widths = new Uint8Array(cells).fill(1);
    this.foregrounds = new Int32Array(cells).fill(-1);
    this.backgrounds = new Int32Array(cells).fill(-1);
    this.attributes = new Uint8Array(cells);
  }

  /** Outside of the grid nothing happens; a character that does not fit into its row is a blank. */
  // oxlint-disable-next-line max-params -- once for each cell of each frame: an object for each would be most of the work
  put(column: number, row: number, text: string, width: number, style: Style): void {
    if (row < 0 || row >= this.rows || column < 0 || column >= this.columns || width < 1) return;
    const fits = column + width <= this.columns;
    const at = row * this.columns + column;
    const span = fits ? width : this.columns - column;
    this.#free(at, row * this.columns);
    if (span > 1 || this.widths[at] !== 1) this.#free(at + span, row * this.columns);
    for (let cell = at; cell < at + span; cell += 1) {
      this.chars[cell] = fits ? (cell === at ? text : '') : ' ';
      this.widths[cell] = fits ? (cell === at ? width : 0) : 1;
      this.foregrounds[cell] = style.foreground;
      this.backgrounds[cell] = style.background;
      this.attributes[cell] = style.attributes;
    }
  }

  clearRow(row: number, style: Style = plainStyle): void {
    const from = row * this.columns;
    const to = from + this.columns;
    this.chars.fill(' ', from, to);
    this.widths.fill(1, from, to);
    this.foregrounds.fill(style.foreground, from, to);
    this.backgrounds.fill(style.background, from, to);
    this.attributes.fill(style.attributes, from, to);
  }

  copyRow(from: Grid, row: number): void {
    const start = row * this.columns;
    const end = start + this.columns;
    for (let cell = start; cell < end; cell += 1) this.chars[cell] = from.chars[cell]!;
    this.widths.set(from.widths.subarray(start, end), start);
    this.foregrounds.set(from.foregrounds.subarray(start, end), start);
    this.backgrounds.set(from.backgrounds.subarray(start, end), start);
    this.attributes.set(from.attributes.subarray(start, end), start);
  }

  styleAt(cell: number): Style {
    return {foreground: this.foregrounds[cell]!, background: this.backgrounds[cell]!, attributes: this.attributes[cell]!};
  }

  /** A character that begins before `cell` and reaches into it loses its other cells to blanks. */
  #free(cell: number, rowStart: number): void {
    if (cell >= rowStart + this.columns || this.widths[cell] !== 0) return;
    let lead = cell;
    while (lead > rowStart && this.widths[lead] === 0) lead -= 1;
    const width = this.widths[lead]!;
    for (let at = lead; at < lead + width; at += 1) {
      this.chars[at] = ' ';
      this.widths[at] = 1;
    }
  }
}

/** Writes a line into a row, from `column` to before `end`. Returns the column behind it. */
export function putText(grid: Grid, at: RowPart, text: string, style = plainStyle): number {
  let {column} = at;
  let pen = style;
  for (const piece of text.split(sequence)) {
    if (piece.startsWith('\u001b')) {
      const sgr = /^\u001b\[([\d;:]*)m$/.exec(piece);
      if (sgr) pen = afterSgr(pen, sgr[1]!);
    } else column = putPlain(grid, {...at, column}, piece, pen);
  }
  return column;
}

interface RowPart {
  readonly column: number;
  readonly row: number;
  readonly end: number;
}

/** Half a character at the end is a blank. */
function putPlain(grid: Grid, {column, row, end}: RowPart, text: string, pen: Style): number {
  let at = column;
  for (const cluster of clusters(text)) {
    if (cluster.width === 0) continue;
    if (at >= end) return end;
    const fits = at + cluster.width <= end;
    grid.put(at, row, fits ? cluster.text : ' ', fits ? cluster.width : 1, pen);
    at += fits ? cluster.width : 1;
  }
  return at;
}

/** One whole sequence, or an ESC that begins none. */
const sequence = /(\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_](?:(?!\u0007|\u001b\\)[^])*(?:\u0007|\u001b\\|$)|\u001b[^[\]PX^_]?|\u001b)/;

export function canvasOn(grid: Grid, region: Region): Canvas {
  const end = Math.min(region.left + region.columns, grid.columns);
  const isInside = (row: number) => row >= 0 && row < region.rows;
  return {
    // oxlint-disable-next-line max-params -- as above
    put(column, row, text, width, style) {
      if (!isInside(row) || column < 0 || column >= region.columns) return;
      const fits = column + width <= region.columns;
      grid.put(region.left + column, region.top + row, fits ? text : ' ', fits ? width : 1, style);
    },
    text(column, row, text, style) {
      if (!isInside(row) || column < 0) return column;
      return putText(grid, {column: region.left + column, row: region.top + row, end}, text, style) - region.left;
    },
    clear(style = plainStyle) {
      for (let row = 0; row < region.rows; row += 1)
        for (let column = 0; column < region.columns; column += 1) grid.put(region.left + column, region.top + row, ' ', 1, style);
    },
  };
}
