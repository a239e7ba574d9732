/**
 * One session as a pane shows it: `connecting` until its first screen, then `live`; `away` while the connection or the
 * worker is lost (what was shown stays), back to `live` by itself; `ended` and `failed` are the end.
 */
import type {Terminal} from '@xterm/headless';
import type {JobView} from '@boxyard/core/api';
import type {TerminalClient, TerminalHandlers, TerminalOptions} from '@boxyard/core/client';
import type {TerminalSize} from '@boxyard/core/protocol';
import {insideOf, openScreen} from '@boxyard/core/vt/screen';
import type {Canvas, Region} from './cells.ts';
import type {MouseEvent} from './input-events.ts';
import {ShownBytes} from './shown-bytes.ts';
import {paintSession, viewOf} from './session-picture.ts';
import {keysFor, mouseFor} from './session-keys.ts';
import {styleOf} from './style.ts';

export type LiveState =
  | {readonly is: 'connecting'}
  /** `controls`: what is typed here counts; `mayType`: it may (false for who only looks on). `size` is the session's. */
  | {readonly is: 'live'; readonly controls: boolean; readonly mayType: boolean; readonly size: TerminalSize}
  | {readonly is: 'away'; readonly why: unknown}
  | {readonly is: 'ended'; readonly job: JobView}
  /** Nothing that trying again would help. */
  | {readonly is: 'failed'; readonly error: unknown};

export interface LiveScreenOptions {
  readonly job: string;
  /** Of the pane. The session gets it only where this viewer controls it. */
  readonly size: TerminalSize;
  /** Looks on: types nothing, and leaves the session's size alone, until `take`. */
  readonly isReadonly: boolean;
  /** Lines kept above the screen. */
  readonly scrollback: number;
  /** What `paint` draws has changed. Often: many calls are one frame. */
  readonly onChange: () => void;
  readonly onState: (state: LiveState) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LiveScreen {
  readonly state: LiveState;
  /** Lines between what is shown and the end; 0 follows the program. */
  readonly scrolledBack: number;
  /** For an overlay: the part around the cursor where the session is larger than the region, which it then says. */
  paint(canvas: Canvas, region: Region): void;
  /** From the region's corner; undefined while it is hidden, scrolled away or not ours. */
  cursor(region: Region): {readonly column: number; readonly row: number} | undefined;
  /** As they were typed; false where they do not count or too much waits. Goes back to the end. */
  type(bytes: Buffer): boolean;
  /** `event` in cells of the region. False where the program wants no mouse: then it is the pane's. */
  mouse(event: MouseEvent, region: Region): boolean;
  focus(isFocused: boolean): void;
  /** Of the pane; the last of many counts, 50 ms later. */
  resize(size: TerminalSize): void;
  /** The keyboard is here from now on, and the size this pane's. Also what only looked on takes it, over a new connection. */
  take(): void;
  /** Looks on again. */
  release(): void;
  redraw(): void;
  /** So many lines above the screen from now on. True where those above are there only after a new connection. */
  keep(lines: number): boolean;
  /** Over a new connection, with the lines above the screen. What is shown stays until it has drawn. */
  again(): void;
  /** Back by so many lines, or forth by less than none. */
  scroll(lines: number): void;
  /** Stops looking on; the session goes on. Idempotent. */
  close(): void;
}

type Open = (options: TerminalOptions, handlers: TerminalHandlers) => TerminalClient;

export const openLiveScreen = (open: Open, options: LiveScreenOptions): LiveScreen => new Live(open, options);

/** As many as a server gives. */
const MOST_HISTORY = 1_000;
const RESIZE_MS = 50;

class Live implements LiveScreen {
  readonly #open: Open;
  readonly #options: LiveScreenOptions;
  readonly #bytes: ShownBytes;
  #client: TerminalClient | undefined;
  #isReadonly: boolean;
  #wantsControl = false;
  #size: TerminalSize;
  #scrollback: number;
  #state: LiveState = {is: 'connecting'};
  #control = {controls: false, mayType: false};
  #back = 0;
  #resizing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(open: Open, options: LiveScreenOptions) {
    this.#open = open;
    this.#options = options;
    this.#isReadonly = options.isReadonly;
    this.#size = cellsOf(options.size);
    this.#scrollback = options.scrollback;
    this.#bytes = new ShownBytes({
      open: size => this.#openScreen(size),
      answers: () => this.#control.controls,
      onShown: grown => this.#shown(grown),
    });
    this.#connect();
  }

  get state(): LiveState {
    return this.#state;
  }

  get scrolledBack(): number {
    return this.#back;
  }

  paint(canvas: Canvas, region: Region): void {
    canvas.clear();
    const {screen} = this.#bytes;
    if (screen === undefined) return;
    paintSession(screen, canvas, region, viewOf(screen, region, this.#back));
    if (screen.cols <= region.columns && screen.rows <= region.rows) return;
    const note = ` ${screen.cols}x${screen.rows} `;
    const row = region.rows - 1;
    // Not over what is being typed.
    if (this.cursor(region)?.row !== row) canvas.text(Math.max(0, region.columns - note.length), row, note, noteStyle);
  }

  cursor(region: Region): {readonly column: number; readonly row: number} | undefined {
    const {screen} = this.#bytes;
    if (screen === undefined || this.#state.is !== 'live' || this.#back > 0 || insideOf(screen).coreService.isCursorHidden)
      return undefined;
    const {active} = screen.buffer;
    const {top, left} = viewOf(screen, region, 0);
    return {column: Math.min(active.cursorX, screen.cols - 1) - left, row: active.baseY + active.cursorY - top};
  }

  type(bytes: Buffer): boolean {
    if (this.#isReadonly || this.#isOver) return false;
    if (this.#back > 0) this.scroll(-this.#back);
    const {screen} = this.#bytes;
    return this.#client!.type(screen === undefined ? bytes : keysFor(screen, bytes));
  }

  mouse(event: MouseEvent, region: Region): boolean {
    const {screen} = this.#bytes;
    if (screen === undefined || this.#isReadonly || this.#isOver || this.#back > 0) return false;
    const {top, left} = viewOf(screen, region, 0);
    const row = event.row + top - screen.buffer.active.baseY;
    const bytes = mouseFor(screen, {...event, row, column: event.column + left});
    if (bytes !== undefined) this.#client!.type(bytes);
    return bytes !== undefined;
  }

  focus(isFocused: boolean): void {
    if (this.#isReadonly || this.#isOver || this.#bytes.screen?.modes.sendFocusMode !== true) return;
    this.#client!.type(Buffer.from(isFocused ? '\u001b[I' : '\u001b[O'));
  }

  resize(size: TerminalSize): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return;
    this.#size = cellsOf(size);
    clearTimeout(this.#resizing);
    this.#options.onChange();
    if (this.#isReadonly || this.#isOver) return;
    this.#resizing = setTimeout(() => this.#client?.resize(this.#size), RESIZE_MS);
  }

  take(): void {
    if (this.#isOver) return;
    this.#wantsControl = true;
    if (this.#isReadonly) this.#connect(false);
    else this.#client!.take();
  }

  release(): void {
    this.#wantsControl = false;
    if (!this.#isReadonly && !this.#isOver) this.#connect(true);
  }

  redraw(): void {
    this.#client?.redraw();
  }

  keep(lines: number): boolean {
    const isDeeper = lines > this.#scrollback;
    this.#scrollback = lines;
    const {screen} = this.#bytes;
    if (screen !== undefined) screen.options.scrollback = lines;
    this.scroll(0);
    return isDeeper;
  }

  again(): void {
    if (!this.#isOver) this.#connect();
  }

  scroll(lines: number): void {
    const most = this.#bytes.screen?.buffer.active.baseY ?? 0;
    const back = Math.max(0, Math.min(most, this.#back + lines));
    if (back === this.#back) return;
    this.#back = back;
    this.#options.onChange();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#resizing);
    this.#client?.close();
    this.#bytes.close();
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#state.is === 'ended' || this.#state.is === 'failed';
  }

  /** What is shown stays until the new connection draws. */
  #connect(isReadonly = this.#isReadonly): void {
    clearTimeout(this.#resizing);
    this.#client?.close();
    this.#bytes.interrupt();
    this.#isReadonly = isReadonly;
    this.#control = {controls: false, mayType: false};
    const {job, signal} = this.#options;
    const client = this.#open(
      {job, size: this.#size, history: Math.min(this.#scrollback, MOST_HISTORY), isReadonly, signal},
      this.#handlers(),
    );
    this.#client = client;
    const finish = (state: LiveState) => {
      if (this.#client === client && !this.#isClosed && signal?.aborted !== true) this.#bytes.whenShown(() => this.#become(state));
    };
    client.ended.then(
      last => finish({is: 'ended', job: last}),
      (error: unknown) => finish({is: 'failed', error}),
    );
  }

  #handlers(): TerminalHandlers {
    return {
      screen: size => this.#bytes.screenOf(size),
      bytes: (bytes, shown) => this.#bytes.push(bytes, shown),
      control: ({controls, mayType}) => {
        this.#control = {controls, mayType};
        if (controls) this.#wantsControl = false;
        else if (this.#wantsControl && mayType) {
          this.#wantsControl = false;
          this.#client?.take();
        }
        if (this.#state.is === 'live') this.#becomeLive();
      },
      job: () => undefined,
      online: () => {
        this.#bytes.newConnection();
        if (this.#state.is === 'away') this.#becomeLive();
      },
      offline: why => this.#become({is: 'away', why}),
    };
  }

  #becomeLive(): void {
    const {screen} = this.#bytes;
    if (screen === undefined) return this.#become({is: 'connecting'});
    this.#become({is: 'live', ...this.#control, size: {columns: screen.cols, rows: screen.rows}});
  }

  #become(state: LiveState): void {
    if (this.#isOver) return;
    this.#state = state;
    this.#options.onState(state);
    this.#options.onChange();
  }

  /** The emulator has taken some; `grown` lines went up out of sight. */
  #shown(grown: number): void {
    const {screen} = this.#bytes;
    if (screen === undefined || this.#isClosed) return;
    if (this.#back > 0) this.#back = Math.max(0, Math.min(screen.buffer.active.baseY, this.#back + grown));
    const {state} = this;
    const isOld = state.is !== 'live' || state.size.columns !== screen.cols || state.size.rows !== screen.rows;
    if (isOld && (state.is === 'connecting' || state.is === 'live')) this.#becomeLive();
    else this.#options.onChange();
  }

  #openScreen(size: TerminalSize): Terminal {
    const screen = openScreen(size, this.#scrollback);
    // Whoever controls a session answers what its program asks the terminal.
    screen.onData(answer => void (this.#control.controls && !this.#isReadonly && this.#client?.type(Buffer.from(answer))));
    return screen;
  }
}

/** A region is a size too; a server wants no more than that. */
const cellsOf = ({columns, rows}: TerminalSize): TerminalSize => ({columns, rows});

const noteStyle = styleOf({}, 'dim', 'inverse');
