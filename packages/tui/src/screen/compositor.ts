import {canvasOn, Grid, putText, type Canvas, type Region} from './cells.ts';
import {emitChanges, emitRegion, move, type Rendition} from './emit.ts';
import type {InkCursor} from './ink-frame.ts';
import type {Size} from './ink-stream.ts';
import {invert, type SelectedRow} from './selection.ts';

export interface Overlay {
  /** Higher is nearer to the person; those of one height lie as they were set. Default 0. */
  readonly z?: number;
  readonly region: Region;
  /** Called whenever its region may be drawn anew, with what lies beneath it there; draws the same until it says otherwise. */
  paint(canvas: Canvas): void;
  /** Where the hardware cursor is wanted, from the region's corner. The nearest overlay that wants one has it. */
  cursor?(): {readonly column: number; readonly row: number} | undefined;
}

type Cursor = InkCursor | undefined;

/** Pure: Ink's lines and the overlays in, the shortest bytes for the difference out. */
export class Compositor {
  readonly #rendition: Rendition;
  readonly #overlays = new Map<string, Overlay>();
  #base: Grid;
  #next: Grid;
  #shown: Grid;
  #lines: string[] = [];
  #inkCursor: Cursor;
  #shownCursor: Cursor;
  readonly #dirty = new Set<number>();
  readonly #unknown = new Set<number>();
  #mustPaint = false;
  #selected: readonly SelectedRow[] = [];

  constructor(size: Size, rendition: Rendition) {
    this.#rendition = rendition;
    this.#base = new Grid(size.columns, size.rows);
    this.#next = this.#base;
    this.#shown = this.#base;
    this.resize(size);
  }

  /** Nothing that was shown counts any more; Ink's lines are laid out anew. */
  resize({columns, rows}: Size): void {
    const lines = this.#lines;
    this.#base = new Grid(columns, rows);
    this.#next = new Grid(columns, rows);
    this.#shown = new Grid(columns, rows);
    this.#lines = [];
    this.#selected = [];
    this.#dirty.clear();
    this.#unknown.clear();
    this.setLines(lines, this.#inkCursor);
    this.invalidate();
  }

  setLines(lines: readonly string[], cursor: Cursor): void {
    this.#inkCursor = cursor;
    for (let row = 0; row < this.#base.rows; row += 1) {
      const line = lines[row] ?? '';
      if (line === (this.#lines[row] ?? '')) continue;
      this.#base.clearRow(row);
      putText(this.#base, {column: 0, row, end: this.#base.columns}, line);
      this.#dirty.add(row);
    }
    this.#lines = lines.slice(0, this.#base.rows);
  }

  setCursor(cursor: Cursor): void {
    this.#inkCursor = cursor;
  }

  setOverlay(id: string, overlay: Overlay): void {
    this.removeOverlay(id);
    this.#overlays.set(id, overlay);
    this.#mustPaint = true;
  }

  removeOverlay(id: string): void {
    const overlay = this.#overlays.get(id);
    if (overlay === undefined) return;
    this.#overlays.delete(id);
    this.#mustPaint = true;
    for (const row of this.#rowsOf(overlay)) this.#dirty.add(row);
  }

  /** An overlay draws something else now. */
  overlaysChanged(): void {
    this.#mustPaint = true;
  }

  /** Shown the other way round than the rest, above everything. */
  select(rows: readonly SelectedRow[]): void {
    for (const {row} of [...this.#selected, ...rows]) if (row < this.#base.rows) this.#dirty.add(row);
    this.#selected = rows.filter(({row}) => row < this.#base.rows);
  }

  /** What the terminal shows is not known. */
  invalidate(): void {
    for (let row = 0; row < this.#base.rows; row += 1) this.#unknown.add(row);
    this.#mustPaint = true;
    this.#shownCursor = undefined;
  }

  /** From what the terminal shows to what it should; empty where that is the same. */
  frame(): string {
    this.#compose();
    const rows = [...new Set([...this.#unknown, ...this.#dirty])].sort((a, b) => a - b);
    const changes = emitChanges(this.#shown, this.#next, {rows, unknown: this.#unknown}, this.#rendition);
    // What it is when nothing is known: hidden, but not for sure.
    const isLost = this.#unknown.size > 0;
    this.#dirty.clear();
    this.#unknown.clear();
    return this.#withCursor(changes, isLost);
  }

  /** All overlays, whatever is shown; the cursor and its pen stay. For when Ink writes to the terminal by itself. */
  overlaysOnly(): string {
    this.#dirty.clear();
    this.#unknown.clear();
    this.#mustPaint = false;
    const sorted = this.#sorted();
    if (sorted.length === 0) return '';
    for (const overlay of sorted) overlay.paint(canvasOn(this.#next, overlay.region));
    const painted = sorted.map(({region}) => emitRegion(this.#next, region, this.#rendition)).join('');
    return `\u001b7\u001b[m${painted}\u001b8`;
  }

  /** What the terminal shows after the last frame. */
  get shown(): Grid {
    return this.#shown;
  }

  get shownCursor(): Cursor {
    return this.#shownCursor;
  }

  #compose(): void {
    const sorted = this.#sorted();
    const isTouched = this.#mustPaint || sorted.some(overlay => this.#rowsOf(overlay).some(row => this.#dirty.has(row)));
    if (isTouched) for (const overlay of sorted) for (const row of this.#rowsOf(overlay)) this.#dirty.add(row);
    const isAll = this.#unknown.size > 0;
    for (const row of isAll ? this.#unknown : this.#dirty) this.#next.copyRow(this.#base, row);
    if (isTouched) for (const overlay of sorted) overlay.paint(canvasOn(this.#next, overlay.region));
    // Rows that are not drawn anew have it already.
    for (const part of this.#selected) if (isAll || this.#dirty.has(part.row)) invert(this.#next, part);
    this.#mustPaint = false;
  }

  #withCursor(changes: string, isLost: boolean): string {
    const wanted = this.#cursor();
    const had = this.#shownCursor;
    this.#shownCursor = wanted;
    const isSame = wanted?.column === had?.column && wanted?.row === had?.row;
    if (changes === '' && isSame) return '';
    const hide = (changes !== '' && had !== undefined) || isLost || (wanted === undefined && had !== undefined) ? '\u001b[?25l' : '';
    if (wanted === undefined) return hide + changes;
    const show = hide !== '' || had === undefined ? '\u001b[?25h' : '';
    return `${hide}${changes}${move(wanted.row, wanted.column)}${show}`;
  }

  #cursor(): Cursor {
    for (const overlay of this.#sorted().toReversed()) {
      const {region} = overlay;
      const at = overlay.cursor?.();
      if (at === undefined || at.column < 0 || at.row < 0 || at.column >= region.columns || at.row >= region.rows) continue;
      return this.#inside({column: region.left + at.column, row: region.top + at.row});
    }
    return this.#inside(this.#inkCursor);
  }

  #inside(cursor: Cursor): Cursor {
    return cursor !== undefined && cursor.column < this.#base.columns && cursor.row >= 0 && cursor.row < this.#base.rows
      ? cursor
      : undefined;
  }

  #sorted(): Overlay[] {
    return [...this.#overlays.values()].sort((a, b) => (a.z ?? 0) - (b.z ?? 0));
  }

  #rowsOf({region}: Overlay): number[] {
    const from = Math.max(0, region.top);
    const to = Math.min(this.#base.rows, region.top + region.rows);
    return Array.from({length: Math.max(0, to - from)}, (_, index) => from + index);
  }
}
