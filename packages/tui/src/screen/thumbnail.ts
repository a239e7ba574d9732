import {setTimeout as delay} from 'node:timers/promises';
import {isBoxyardError} from '@boxyard/core/errors';
import type {Rect, RfbClient} from '@boxyard/core/rfb';
import {Grid, type Canvas, type Region} from './cells.ts';
import {drawPicture} from './half-blocks.ts';
import {fitted, type Viewport} from './viewport.ts';

export interface ThumbnailLook {
  readonly signal: AbortSignal;
  readonly updated: (changed: readonly Rect[]) => void;
  readonly resized: () => void;
}

export interface ThumbnailOptions {
  /** A look that takes no control and keeps no display open. */
  readonly look: (look: ThumbnailLook) => Promise<RfbClient>;
  /** Letters by brightness instead of half blocks in colour. */
  readonly isAscii: boolean;
  /** What `paint` draws has changed. */
  readonly onChange: () => void;
  /** Why nothing new comes, until it does: then undefined. */
  readonly onAway: (why: Error | undefined) => void;
}

/** A small picture of a desktop, drawn anew now and then. */
export interface Thumbnail {
  /** For an overlay; draws nothing until there is something to see. */
  paint(canvas: Canvas, region: Region): void;
  /** One picture in so many milliseconds, where something changed; undefined asks for none, as long as nobody sees it. */
  pace(everyMs: number | undefined): void;
  /** Idempotent. */
  close(): void;
}

export const openThumbnail = (options: ThumbnailOptions): Thumbnail => new Live(options);

const AGAIN_MS = 2_000;

class Live implements Thumbnail {
  readonly #options: ThumbnailOptions;
  readonly #over = new AbortController();
  #screen: RfbClient | undefined;
  #everyMs: number | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Nothing was shown on this connection yet. */
  #isFirst = true;
  /** An answer is on its way, however long nothing changes. */
  #isAsked = false;
  #timer: NodeJS.Timeout | undefined;
  #drawn: {readonly grid: Grid; readonly view: Viewport} | undefined;
  #changed: Rect[] = [];

  constructor(options: ThumbnailOptions) {
    this.#options = options;
    void this.#run(this.#over.signal);
  }

  paint(canvas: Canvas, {columns, rows}: Region): void {
    const picture = this.#screen?.framebuffer;
    if (picture !== undefined && !this.#isFirst) this.#draw(picture, {columns, rows});
    if (this.#drawn === undefined) return;
    const {grid, view} = this.#drawn;
    const [top, bottom] = [Math.floor(view.top / 2), Math.ceil((view.top + view.height) / 2)];
    for (let row = top; row < bottom; row += 1)
      for (let column = view.left; column < view.left + view.width; column += 1) {
        const cell = row * grid.columns + column;
        canvas.put(column, row, grid.chars[cell]!, 1, grid.styleAt(cell));
      }
  }

  pace(everyMs: number | undefined): void {
    if (everyMs === this.#everyMs) return;
    this.#everyMs = everyMs;
    this.#askSoon();
  }

  close(): void {
    this.#over.abort();
    clearTimeout(this.#timer);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const error = await this.#once(signal).catch((thrown: unknown) => thrown);
      this.#screen = undefined;
      this.#isAsked = false;
      clearTimeout(this.#timer);
      if (signal.aborted) return;
      this.#options.onAway(error instanceof Error ? error : new Error('The connection is lost.'));
      if (isBoxyardError(error) && error.details['what'] === 'open display') return;
      await delay(AGAIN_MS, undefined, {signal}).catch(() => undefined);
    }
  }

  /** One connection, to its end. */
  async #once(signal: AbortSignal): Promise<Error | undefined> {
    this.#isFirst = true;
    using screen = await this.#options.look({
      signal,
      updated: changed => this.#updated(changed),
      resized: () => (this.#drawn = undefined),
    });
    this.#screen = screen;
    this.#options.onAway(undefined);
    this.#askSoon();
    return await screen.ended;
  }

  #updated(changed: readonly Rect[]): void {
    this.#isAsked = false;
    // What was drawn on an old connection is drawn anew with the first picture of this one.
    if (this.#isFirst) this.#drawn = undefined;
    this.#isFirst = false;
    this.#changed.push(...changed);
    if (changed.length > 0) this.#options.onChange();
    this.#askSoon();
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    if (this.#everyMs === undefined || this.#screen === undefined || this.#isAsked) return;
    const due = this.#askedAt + this.#everyMs - performance.now();
    this.#timer = setTimeout(() => this.#ask(), this.#isFirst ? 0 : Math.max(0, due));
  }

  #ask(): void {
    this.#isAsked = true;
    this.#askedAt = performance.now();
    this.#screen?.ask(this.#isFirst);
  }

  #draw(picture: RfbClient['framebuffer'], {columns, rows}: Pick<Region, 'columns' | 'rows'>): void {
    if (this.#drawn?.grid.columns !== columns || this.#drawn.grid.rows !== rows) {
      this.#drawn = {grid: new Grid(columns, rows), view: fitted(picture, {columns, rows})};
      this.#changed = [{x: 0, y: 0, width: picture.width, height: picture.height}];
    }
    const {grid, view} = this.#drawn;
    const changed = this.#changed.splice(0);
    if (changed.length > 0) drawPicture(grid, picture, view, {changed, marks: this.#options.isAscii ? 'letters' : 'halves'});
  }
}
