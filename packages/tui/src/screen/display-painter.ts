import type {Framebuffer, Rect} from '@boxyard/core/rfb';
import {Grid, putText} from './cells.ts';
import {steadyColour, styleFor, toAscii, type ColourTier} from './downgrade.ts';
import {emitChanges, type Rendition} from './emit.ts';
import {Frame} from './graphics/frame.ts';
import type {Graphics} from './graphics/graphics.ts';
import type {TerminalWrites} from './graphics/paced-writes.ts';
import {drawPicture, type Marks} from './half-blocks.ts';
import {styleOf} from './style.ts';
import {fitted, halves, panned, pixelUnder, type Size, type Viewport} from './viewport.ts';

export interface DisplayPainterOptions {
  readonly stdout: TerminalWrites;
  readonly fps: number;
  readonly colours: ColourTier;
  /** The terminal has taken what it was sent: the next picture may be asked for. */
  readonly painted: () => void;
}

/** With characters, or with pixels where there is a way to show them. */
export interface Drawing {
  readonly marks: Marks;
  readonly graphics?: Graphics | undefined;
  /** Pixels of a cell: what one to one means to graphics. */
  readonly cell: Size;
}

const quadrants: Size = {width: 2, height: 2};
const noteStyle = styleOf({}, 'inverse');
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/**
 * Paints a desktop on a terminal, but for its lowest row, which is for words. What changes while the terminal is slow is painted
 * once, as it is then: pictures are left out, never queued. Nothing is written while nothing changes.
 */
export class DisplayPainter {
  readonly #options: DisplayPainterOptions;
  #rendition: Rendition;
  readonly #steady: ReturnType<typeof steadyColour>;
  #drawing: Drawing = {marks: 'halves', cell: halves};
  #frame: Frame | undefined;
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
  #costMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isClosed = false;
  isFitted = true;

  constructor(options: DisplayPainterOptions) {
    this.#options = options;
    this.#rendition = renditionOf(options.colours, 'halves');
    this.#steady = steadyColour(options.colours);
    this.#everyMs = 1_000 / options.fps;
    [this.#shown, this.#next] = this.#grids();
    this.#unknown = allRows(this.#next);
  }

  /** For the picture: the lowest row is not. */
  get room(): {readonly columns: number; readonly rows: number} {
    const taken = 1 + (this.#drawing.graphics?.spareRows ?? 0);
    return {columns: this.#next.columns, rows: Math.max(1, this.#next.rows - taken)};
  }

  /** From now on; what other graphics left is theirs to remove. Half blocks without it. */
  draw(drawing: Drawing): void {
    this.#drawing = drawing;
    this.#rendition = renditionOf(this.#options.colours, drawing.marks);
    this.#look();
  }

  /** A terminal's font may change under us. */
  cellIs(cell: Size): void {
    const {width, height} = this.#drawing.cell;
    if (this.#drawing.graphics === undefined || (cell.width === width && cell.height === height)) return;
    this.draw({...this.#drawing, cell});
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
    const {dots, from} = this.#view;
    this.#at = {x: from.x + x * cells * dots.width, y: from.y + y * cells * dots.height};
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

  /** What the terminal keeps of pictures is taken away behind what is being written. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const bytes = this.#drawing.graphics?.remove();
    if (bytes !== undefined && bytes.length > 0) this.#options.stdout.write(bytes);
  }

  #grids(): [Grid, Grid] {
    const {columns = 80, rows = 24} = this.#options.stdout;
    return [new Grid(Math.max(1, columns), Math.max(1, rows)), new Grid(Math.max(1, columns), Math.max(1, rows))];
  }

  /** From another place, or in another size: all of it is drawn. */
  #look(): void {
    const picture = this.#picture;
    if (picture !== undefined) {
      const dots = this.#dots;
      this.#view = this.isFitted ? fitted(picture, this.room, dots) : panned(picture, this.room, this.#at, dots);
      this.#frame = this.#drawing.graphics && new Frame(this.#view);
      for (let row = 0; row < this.#next.rows; row += 1) this.#next.clearRow(row);
      this.#changed = [{x: 0, y: 0, width: picture.width, height: picture.height}];
      for (const row of allRows(this.#next)) this.#unknown.add(row);
    }
    this.#paintSoon();
  }

  get #dots(): Size {
    const {graphics, marks, cell} = this.#drawing;
    return graphics !== undefined ? cell : marks === 'quadrants' ? quadrants : halves;
  }

  #paintSoon(): void {
    if (this.#isClosed || this.#isWriting) return;
    const dueAt = this.#lastAt + Math.max(this.#everyMs, this.#costMs * COST_SHARE);
    this.#timer ??= setTimeout(() => this.#paint(), Math.max(0, dueAt - performance.now()));
  }

  #paint(): void {
    this.#timer = undefined;
    this.#lastAt = performance.now();
    const changed = this.#changed.length > MOST_RECTS ? [around(this.#changed)] : this.#changed;
    this.#changed = [];
    const rows = this.#drawCells(changed);
    const pixels = this.#drawPixels(changed);
    const last = this.#next.rows - 1;
    this.#next.clearRow(last, noteStyle);
    putText(this.#next, {column: 0, row: last, end: this.#next.columns}, this.#note, noteStyle);
    for (const row of [...this.#unknown, last]) rows.add(row);
    const bytes = emitChanges(this.#shown, this.#next, {rows, unknown: this.#unknown}, this.#rendition);
    this.#unknown = new Set();
    this.#costMs = performance.now() - this.#lastAt;
    if (bytes === '' && pixels.length === 0) return this.#settled();
    this.#isWriting = true;
    // Pixels last: text over them would damage them.
    this.#options.stdout.write(Buffer.concat([Buffer.from(BEGIN + bytes), pixels, Buffer.from(END)]), () => {
      this.#isWriting = false;
      this.#settled();
    });
  }

  #drawCells(changed: readonly Rect[]): Set<number> {
    if (this.#picture === undefined || this.#view === undefined || this.#frame !== undefined) return new Set();
    return drawPicture(this.#next, this.#picture, this.#view, {changed, marks: this.#drawing.marks, steady: this.#steady});
  }

  #drawPixels(changed: readonly Rect[]): Buffer {
    const {graphics} = this.#drawing;
    if (this.#picture === undefined || this.#frame === undefined || graphics === undefined) return Buffer.alloc(0);
    return graphics.paint(this.#frame, this.#frame.draw(this.#picture, changed), this.#frame.area);
  }

  #settled(): void {
    if (this.#isClosed) return;
    if (this.#changed.length > 0) this.#paintSoon();
    if (!this.#hasUpdate) return;
    this.#hasUpdate = false;
    this.#options.painted();
  }
}

function renditionOf(colours: ColourTier, marks: Marks): Rendition {
  const isAscii = marks === 'letters';
  return {style: styleFor(isAscii ? 'none' : colours), character: isAscii ? toAscii : text => text};
}

/** Pictures that are dear to draw are drawn less often: keys are heard in between. */
const COST_SHARE = 3;

/** More are drawn as one: each cell that several touch would be drawn for each. */
const MOST_RECTS = 64;

function around(rects: readonly Rect[]): Rect {
  const edge = (least: (...values: number[]) => number, of: (rect: Rect) => number) =>
    rects.reduce((at, rect) => least(at, of(rect)), of(rects[0]!));
  const [x, y] = [edge(Math.min, rect => rect.x), edge(Math.min, rect => rect.y)];
  return {x, y, width: edge(Math.max, rect => rect.x + rect.width) - x, height: edge(Math.max, rect => rect.y + rect.height) - y};
}

const allRows = ({rows}: Grid): Set<number> => new Set(Array.from({length: rows}, (_, row) => row));
