import type {Size} from '@boxyard/core/plugin-api';
import type {Model} from './model.ts';
import type {Ring} from './ring.ts';

const PIECE = 32 * 1024;
/** More than keys echo. */
const SMALL = 4 * 1024;

export interface ViewPart {
  /** In the view's own stream. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Who looks on, and with what in hand. */
export interface Viewer {
  /** The same across reconnects of one client: its input is counted by it. */
  readonly id: string;
  readonly mayType: boolean;
  readonly size: Size;
  /** Output it has, in bytes of the session; absent for one that has nothing. */
  readonly has?: number | undefined;
  /** Lines wanted above the screen in its first redraw. */
  readonly history: number;
}

/** Where a view goes. Its bytes are taken with `next`, in turn with those of others. */
export interface ViewSink {
  /** There may be something to take; `isSmall`: little, and all of it. */
  ready(isSmall: boolean): void;
  /** The `bytes` of the view's stream from `at` on draw the whole screen; what follows continues at `output` of the session. */
  screen(drawn: {readonly at: number; readonly bytes: number; readonly output: number; readonly size: Size}): void;
  /** Whether what this viewer types counts. */
  control(controls: boolean): void;
  /** Everything there was has been taken: `length` bytes. */
  end(length: number): void;
}

export interface ViewSource {
  readonly ring: Ring;
  readonly model: Model;
  /** Whether bytes from here on may be shown to somebody who had all before: no question to the terminal is among them. */
  mayContinue(offset: number): boolean;
}

/**
 * One viewer's way through a session's output: continued where it can be, else drawn anew. It never waits for its viewer:
 * who falls behind the ring is drawn anew.
 */
export class View {
  readonly viewer: Viewer;
  size: Size;
  readonly #sink: ViewSink;
  readonly #source: ViewSource;
  #at: number | undefined;
  #queue: Buffer = Buffer.alloc(0);
  #sent = 0;
  #credit = 0;
  #history: number;
  #isDrawing = false;
  #isLast = false;
  #isOver = false;

  constructor(viewer: Viewer, sink: ViewSink, source: ViewSource) {
    this.viewer = viewer;
    this.size = viewer.size;
    this.#sink = sink;
    this.#source = source;
    this.#history = viewer.history;
    const {ring, model} = source;
    const isSame = viewer.size.columns === model.size.columns && viewer.size.rows === model.size.rows;
    const has = viewer.has ?? -1;
    if (isSame && has >= ring.start && has <= ring.end && source.mayContinue(has)) this.#at = has;
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.pump();
  }

  tellControl(controls: boolean): void {
    if (!this.#isOver) this.#sink.control(controls);
  }

  /** The screen changed in a way that its bytes do not tell. */
  redraw(): void {
    this.#at = undefined;
    this.#queue = Buffer.alloc(0);
    this.pump();
  }

  /** No more output comes: ends when the rest is sent. */
  finish(): void {
    this.#isLast = true;
    this.pump();
  }

  close(): void {
    this.#isOver = true;
  }

  pump(): void {
    if (this.#isOver) return;
    const {ring} = this.#source;
    const left = this.#at === undefined || this.#queue.length > 0 ? Number.POSITIVE_INFINITY : ring.end - this.#at;
    this.#sink.ready(left > 0 && left <= SMALL);
  }

  /** The next bytes, within the credit; undefined where there are none now. Says the end behind the last. */
  next(): ViewPart | undefined {
    if (this.#isOver || this.#isDrawing) return undefined;
    if (this.#queue.length === 0 && this.#at === this.#source.ring.end) return this.#endIfLast();
    if (this.#credit === 0) return undefined;
    if (this.#queue.length > 0) {
      const part = this.#take(this.#queue);
      this.#queue = this.#queue.subarray(part.bytes.length);
      return part;
    }
    if (this.#at === undefined || this.#at < this.#source.ring.start) return void this.#draw().catch(() => this.close());
    const part = this.#take(this.#source.ring.read(this.#at, PIECE)!);
    this.#at += part.bytes.length;
    return part;
  }

  #take(bytes: Buffer): ViewPart {
    const piece = bytes.subarray(0, Math.min(PIECE, this.#credit));
    const part = {offset: this.#sent, bytes: piece};
    this.#credit -= piece.length;
    this.#sent += piece.length;
    return part;
  }

  #endIfLast(): undefined {
    if (!this.#isLast) return;
    this.#isOver = true;
    this.#sink.end(this.#sent);
  }

  async #draw(): Promise<void> {
    this.#isDrawing = true;
    const {ring, model} = this.#source;
    const output = ring.end;
    this.#at = output;
    const bytes = await model.redraw(this.#history);
    this.#isDrawing = false;
    if (this.#isOver) return;
    // Asked for anew in the meantime: this one is old already.
    if (this.#at !== undefined) {
      this.#history = 0;
      this.#queue = bytes;
      this.#sink.screen({at: this.#sent, bytes: bytes.length, output, size: model.size});
    }
    this.pump();
  }
}
