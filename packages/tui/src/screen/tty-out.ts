import {toAscii, styleFor, type ColourTier} from './downgrade.ts';
import {Compositor, type Overlay} from './compositor.ts';
import {move} from './emit.ts';
import {readInkWrite} from './ink-frame.ts';
import {inkStream, type Size} from './ink-stream.ts';
import {rowsOf as selectedRows, textIn, type Selection} from './selection.ts';
import {screenshotOf, textOf, type Screenshot} from './screenshot.ts';

export interface TtyOutOptions {
  readonly stdout: NodeJS.WritableStream & {readonly columns?: number; readonly rows?: number};
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly colours: ColourTier;
  /** Lines, blocks and marks are drawn with ASCII. */
  readonly ascii?: boolean;
  /** Ink writes to the terminal by itself, overlays are drawn over it. Also by `BOXYARD_TUI_PASSTHROUGH=1`. */
  readonly isPassThrough?: boolean;
}

export interface Figures {
  /** What was drawn, and with how many writes to the terminal: they are equal but where Ink writes by itself. */
  readonly frames: number;
  readonly writes: number;
  readonly bytes: number;
  readonly lastFrameBytes: number;
  readonly isPassThrough: boolean;
}

/**
 * Owns the terminal's output between `openTerminal` and its close. Nothing is written while nothing changes. Not before
 * the modes are entered: the first frame says all cells.
 */
export interface TtyOut {
  /**
   * For Ink, with exactly these options:
   *
   *     render(tree, {
   *       stdout: out.ink, stdin: idleStdin(), alternateScreen: false, incrementalRendering: false,
   *       interactive: true, patchConsole: false, exitOnCtrlC: false, maxFps: 120,
   *     })
   *
   * The tree has the size of the stream (`columns` × `rows`). Ink's own colours (`<Text color>`, borders) follow what chalk
   * thinks of the real stdout; SGR within strings always arrives.
   */
  readonly ink: NodeJS.WriteStream;
  /** Adds it or puts it in the place of the one with this id. */
  setOverlay(id: string, overlay: Overlay): void;
  removeOverlay(id: string): void;
  /** An overlay draws something else now. Cheap; many calls are one frame. */
  paintSoon(): void;
  /** Shows it the other way round than the rest, and returns its text as it is shown now; undefined ends that. */
  select(selection: Selection | undefined): string;
  /** The terminal may show anything: every cell is written again. */
  invalidate(): void;
  /** Looks at the size of `stdout`; called by itself on its `resize`. */
  resized(): void;
  /** Writes nothing until `resume`, which draws everything. */
  suspend(): void;
  resume(): void;
  /** Settles when all that is known now is written, or cannot be. */
  flushed(): Promise<void>;
  figures(): Figures;
  screenText(): string;
  screenshot(): Screenshot;
  /** Writes nothing more. Idempotent. */
  close(): void;
}

export const createTtyOut = (options: TtyOutOptions): TtyOut => new Out(options);

/** Between frames: what moves by itself is smooth enough at thirty a second; what a key did is seen sooner. */
const FRAME_MS = 33;
const INK_FRAME_MS = 16;
/** After a resize Ink draws the old layout before the new one: until they are through, nothing is shown. */
const SETTLE_MS = 20;
const MOST_SETTLING_MS = 100;
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

class Out implements TtyOut {
  readonly ink: NodeJS.WriteStream;
  readonly #options: TtyOutOptions;
  readonly #compositor: Compositor;
  readonly #isSynchronized: boolean;
  #isPassThrough: boolean;
  #size: Size;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  #soon: NodeJS.Immediate | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #resizedAt: number | undefined;
  #isBlocked = false;
  #isSuspended = false;
  #isClosed = false;
  #inkCount = 0;
  #waiting: (() => void)[] = [];
  #figures = {frames: 0, writes: 0, bytes: 0, lastFrameBytes: 0};
  readonly #onResize = () => this.resized();
  readonly #onDrain = () => {
    this.#isBlocked = false;
    this.#schedule();
  };

  constructor(options: TtyOutOptions) {
    const {stdout, env, colours, ascii} = options;
    this.#options = options;
    this.#size = sizeOf(stdout);
    const character = ascii === true ? toAscii : (text: string) => text;
    this.#compositor = new Compositor(this.#size, {style: styleFor(colours), character});
    this.#isSynchronized = env['BOXYARD_SYNC'] !== '0';
    this.#isPassThrough = options.isPassThrough === true || env['BOXYARD_TUI_PASSTHROUGH'] === '1';
    this.ink = inkStream(
      () => this.#size,
      text => this.#fromInk(text),
    );
    stdout.on('resize', this.#onResize);
    stdout.on('drain', this.#onDrain);
  }

  setOverlay(id: string, overlay: Overlay): void {
    this.#compositor.setOverlay(id, overlay);
    this.#schedule();
  }

  removeOverlay(id: string): void {
    this.#compositor.removeOverlay(id);
    this.#schedule();
  }

  paintSoon(): void {
    this.#compositor.overlaysChanged();
    this.#schedule();
  }

  select(selection: Selection | undefined): string {
    const rows = selection === undefined ? [] : selectedRows(selection);
    this.#compositor.select(rows);
    this.#schedule(INK_FRAME_MS);
    return textIn(this.#compositor.shown, rows);
  }

  invalidate(): void {
    this.#compositor.invalidate();
    this.#schedule();
  }

  resized(): void {
    const size = sizeOf(this.#options.stdout);
    if (this.#isClosed || (size.columns === this.#size.columns && size.rows === this.#size.rows)) return;
    this.#size = size;
    this.#resizedAt ??= performance.now();
    this.#compositor.resize(size);
    this.#schedule();
    this.ink.emit('resize');
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#unschedule();
  }

  resume(): void {
    this.#isSuspended = false;
    this.resized();
    this.invalidate();
  }

  flushed(): Promise<void> {
    const isIdle = this.#timer === undefined && this.#soon === undefined && !this.#isBlocked;
    if (isIdle || this.#isSuspended || this.#isClosed) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  figures(): Figures {
    return {...this.#figures, isPassThrough: this.#isPassThrough};
  }

  screenText(): string {
    return textOf(this.#compositor.shown);
  }

  screenshot(): Screenshot {
    return screenshotOf(this.#compositor.shown, this.#compositor.shownCursor);
  }

  close(): void {
    this.#isClosed = true;
    this.#unschedule();
    this.#settle();
    this.#options.stdout.off('resize', this.#onResize);
    this.#options.stdout.off('drain', this.#onDrain);
  }

  #fromInk(text: string): void {
    const read = readInkWrite(text, this.#inkCount);
    if (!this.#isPassThrough && read.is === 'unknown') this.#giveWay();
    if (this.#isPassThrough && !this.#isSuspended && !this.#isClosed) this.#write(text);
    if (read.is === 'frame') {
      this.#inkCount = read.lines.length;
      this.#compositor.setLines(read.lines, read.cursor);
    }
    if (read.is === 'cursor') this.#compositor.setCursor(read.cursor);
    if (read.is === 'frame' || read.is === 'cursor' || this.#isPassThrough) this.#schedule(INK_FRAME_MS);
  }

  /** From here on Ink writes by itself: it counts on a cursor behind its last frame. */
  #giveWay(): void {
    this.#isPassThrough = true;
    if (!this.#isSuspended && !this.#isClosed) this.#write(move(Math.min(Math.max(this.#inkCount, 1), this.#size.rows) - 1, 0));
  }

  #schedule(gapMs = FRAME_MS): void {
    if (this.#isClosed || this.#isSuspended || this.#isBlocked || this.#soon !== undefined) return;
    const now = performance.now();
    if (this.#resizedAt !== undefined) {
      if (now - this.#resizedAt <= MOST_SETTLING_MS || this.#timer === undefined) this.#drawAt(now + SETTLE_MS);
      return;
    }
    const dueAt = this.#lastAt + gapMs;
    if (this.#timer !== undefined && this.#dueAt <= dueAt) return;
    if (dueAt - now > 1) return this.#drawAt(dueAt);
    this.#unschedule();
    this.#soon = setImmediate(() => this.#draw());
  }

  #drawAt(dueAt: number): void {
    this.#unschedule();
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#draw(), dueAt - performance.now());
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
  }

  #draw(): void {
    this.#unschedule();
    this.#resizedAt = undefined;
    const frame = this.#isPassThrough ? this.#compositor.overlaysOnly() : this.#compositor.frame();
    if (frame !== '') {
      const text = this.#isSynchronized ? BEGIN + frame + END : frame;
      this.#figures.frames += 1;
      this.#figures.lastFrameBytes = Buffer.byteLength(text);
      this.#write(text);
    }
    this.#lastAt = performance.now();
    if (!this.#isBlocked) this.#settle();
  }

  #write(text: string): void {
    this.#figures.writes += 1;
    this.#figures.bytes += Buffer.byteLength(text);
    // Full: what comes until it drains is drawn once, as it is then.
    this.#isBlocked = !this.#options.stdout.write(text);
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

const sizeOf = ({columns, rows}: TtyOutOptions['stdout']): Size => ({columns: columns || 80, rows: rows || 24});
