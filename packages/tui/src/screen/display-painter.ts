import type {Writable} from 'node:stream';
import type {Framebuffer, Rect} from '@boxyard/core/rfb';
import {Grid, putText} from './cells.ts';
import {styleFor, toAscii, type ColourTier} from './downgrade.ts';
import {emitChanges, type Rendition} from './emit.ts';
import {asciiRamp, drawPicture, fitted, panned, pixelUnder, type Viewport} from './half-blocks.ts';
import {styleOf} from './style.ts';

export interface DisplayPainterOptions {
  readonly stdout: Writable & {readonly columns?: number; readonly rows?: number};
  readonly fps: number;
  readonly colours: ColourTier;
  readonly isAscii: boolean;
  /** The terminal has taken what it was sent: the next picture may be asked for. */
  readonly painted: () => void;
}

const noteStyle = styleOf({}, 'inverse');
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/**
 * Paints a desktop on a terminal, but for its lowest row, which is for words. What changes while the terminal is slow is painted
 * once, as it is then: pictures are left out, never queued. Nothing is written while nothing changes.
 */
export class DisplayPainter {
  readonly #options: DisplayPainterOptions;
  readonly #rendition: Rendition;
  #shown: Grid;
  #next: Grid;
  #unknown: Set<number>;
  #picture: Framebuffer | undefined;
  #view: Viewport | undefined;
  #at = {x: 0, y: 0};
  #changed: Rect[] = [];
  #note = '';
  #hasUpdate = false;
  #everyMs: number;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isClosed = false;
  isFitted = true;

  constructor(options: DisplayPainterOptions) {
    const {colours, isAscii} = options;
    this.#options = options;
    this.#rendition = {style: styleFor(isAscii ? 'none' : colours), character: isAscii ? toAscii : text => text};
    this.#everyMs = 1_000 / options.fps;
    [this.#shown, this.#next] = this.#grids();
    this.#unknown = allRows(this.#next);
  }

  /** For the picture: the lowest row is not. */
  get room(): {readonly columns: number; readonly rows: number} {
    return {columns: this.#next.columns, rows: Math.max(1, this.#next.rows - 1)};
  }

  show(picture: Framebuffer): void {
    this.#picture = picture;
    this.resized();
  }

  changed(changed: readonly Rect[]): void {
    this.#hasUpdate = true;
    this.#changed.push(...changed);
    this.#paintSoon();
  }

  /** The terminal has another size, or the desktop has. */
  resized(): void {
    [this.#shown, this.#next] = this.#grids();
    this.#unknown = allRows(this.#next);
    this.#look();
  }

  zoom(): void {
    this.isFitted = !this.isFitted;
    this.#look();
  }

  pan([x, y]: readonly [number, number], cells: number): void {
    if (this.isFitted || this.#view === undefined) return;
    this.#at = {x: this.#view.from.x + x * cells, y: this.#view.from.y + y * cells * 2};
    this.#look();
  }

  pace(fps: number): void {
    this.#everyMs = 1_000 / fps;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#paintSoon();
  }

  /** A text of ours, harmless already. */
  note(text: string): void {
    this.#note = text;
    this.#paintSoon();
  }

  pixelUnder(column: number, row: number): {x: number; y: number} | undefined {
    return this.#view === undefined || row >= this.room.rows ? undefined : pixelUnder(this.#view, column, row);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #grids(): [Grid, Grid] {
    const {columns = 80, rows = 24} = this.#options.stdout;
    return [new Grid(Math.max(1, columns), Math.max(1, rows)), new Grid(Math.max(1, columns), Math.max(1, rows))];
  }

  /** From another place, or in another size: all of it is drawn. */
  #look(): void {
    const picture = this.#picture;
    if (picture !== undefined) {
      this.#view = this.isFitted ? fitted(picture, this.room) : panned(picture, this.room, this.#at);
      for (let row = 0; row < this.room.rows; row += 1) this.#next.clearRow(row);
      this.#changed = [{x: 0, y: 0, width: picture.width, height: picture.height}];
      for (const row of allRows(this.#next)) this.#unknown.add(row);
    }
    this.#paintSoon();
  }

  #paintSoon(): void {
    if (this.#isClosed || this.#isWriting) return;
    this.#timer ??= setTimeout(() => this.#paint(), Math.max(0, this.#lastAt + this.#everyMs - performance.now()));
  }

  #paint(): void {
    this.#timer = undefined;
    this.#lastAt = performance.now();
    const rows = this.#draw();
    const last = this.#next.rows - 1;
    this.#next.clearRow(last, noteStyle);
    putText(this.#next, {column: 0, row: last, end: this.#next.columns}, this.#note, noteStyle);
    for (const row of [...this.#unknown, last]) rows.add(row);
    const bytes = emitChanges(this.#shown, this.#next, {rows, unknown: this.#unknown}, this.#rendition);
    this.#unknown = new Set();
    if (bytes === '') return this.#settled();
    this.#isWriting = true;
    this.#options.stdout.write(`${BEGIN}${bytes}${END}`, () => {
      this.#isWriting = false;
      this.#settled();
    });
  }

  #draw(): Set<number> {
    const changed = this.#changed.length > MOST_RECTS ? [around(this.#changed)] : this.#changed;
    this.#changed = [];
    if (this.#picture === undefined || this.#view === undefined) return new Set();
    const ramp = this.#options.isAscii || this.#options.colours === 'none' ? {ramp: asciiRamp} : {};
    return drawPicture(this.#next, this.#picture, this.#view, {changed, ...ramp});
  }

  #settled(): void {
    if (this.#isClosed) return;
    if (this.#changed.length > 0) this.#paintSoon();
    if (!this.#hasUpdate) return;
    this.#hasUpdate = false;
    this.#options.painted();
  }
}

/** More are drawn as one: each cell that several touch would be drawn for each. */
const MOST_RECTS = 64;

function around(rects: readonly Rect[]): Rect {
  const edge = (least: (...values: number[]) => number, of: (rect: Rect) => number) =>
    rects.reduce((at, rect) => least(at, of(rect)), of(rects[0]!));
  const [x, y] = [edge(Math.min, rect => rect.x), edge(Math.min, rect => rect.y)];
  return {x, y, width: edge(Math.max, rect => rect.x + rect.width) - x, height: edge(Math.max, rect => rect.y + rect.height) - y};
}

const allRows = ({rows}: Grid): Set<number> => new Set(Array.from({length: rows}, (_, row) => row));
