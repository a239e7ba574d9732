import type {Client} from '@boxyard/core/client';
import {openLiveScreen, type LiveScreen, type LiveState} from '../screen/live-screen.ts';
import type {TtyOut} from '../screen/tty-out.ts';
import type {Area} from './layout.ts';
import type {LivePane} from './panes.ts';
import type {Event, ScreenNote} from './state.ts';
import type {MouseEvent} from '../screen/input-events.ts';

export interface LivePanesParts {
  readonly client: Client;
  readonly out: TtyOut;
  readonly dispatch: (event: Event) => void;
}

/** Rows that are only passed over open nothing. */
const settleMs = 80;

/** Opens, moves and closes viewers so that they are those that a state shows. */
export class LivePanes {
  readonly #parts: LivePanesParts;
  readonly #open = new Map<string, {readonly screen: LiveScreen; pane: LivePane}>();
  #wanted: readonly LivePane[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LivePanesParts) {
    this.#parts = parts;
  }

  show(panes: readonly LivePane[]): void {
    if (panes.length === 0 && this.#wanted.length === 0) return;
    this.#wanted = panes;
    for (const [job, {pane}] of this.#open) {
      const next = panes.find(each => each.job === job);
      if (next === undefined) this.#end(job);
      else if (next.isCaptured !== pane.isCaptured || next.scrollback !== pane.scrollback || !isSame(next.area, pane.area))
        this.#change(job, next);
    }
    const missing = panes.filter(pane => !this.#open.has(pane.job));
    if (missing.some(pane => pane.isCaptured)) this.#start();
    else if (missing.length > 0) this.#timer ??= setTimeout(() => this.#start(), settleMs);
  }

  /** To the session whose keyboard was taken. */
  type(job: string, bytes: Buffer): void {
    this.#open.get(job)?.screen.type(bytes);
  }

  /** What is typed here counts, and the session takes this size. */
  take(job: string): void {
    this.#open.get(job)?.screen.take();
  }

  /** Back by so many lines, or forth by less than none. */
  scroll(job: string, lines: number): void {
    this.#open.get(job)?.screen.scroll(lines);
  }

  /** To the program in the session whose keyboard was taken, where it wants the mouse; false where it does not. */
  mouse(event: MouseEvent): boolean {
    const captured = [...this.#open.values()].find(({pane}) => pane.isCaptured);
    if (captured === undefined || !isInside(captured.pane.area, event)) return false;
    const {area} = captured.pane;
    return captured.screen.mouse({...event, column: event.column - area.left, row: event.row - area.top}, area);
  }

  close(): void {
    this.#wanted = [];
    clearTimeout(this.#timer);
    for (const job of [...this.#open.keys()]) this.#end(job);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const pane of this.#wanted) if (!this.#open.has(pane.job)) this.#openOne(pane);
  }

  #openOne(pane: LivePane): void {
    const {client, out, dispatch} = this.#parts;
    const screen = openLiveScreen((options, handlers) => client.terminal(options, handlers), {
      job: pane.job,
      size: sizeOf(pane.area),
      isReadonly: !pane.isCaptured,
      scrollback: pane.scrollback,
      onChange: () => out.paintSoon(),
      onState: state => dispatch({type: 'screen', job: pane.job, note: noteOf(state)}),
    });
    this.#open.set(pane.job, {screen, pane});
    this.#place(pane, screen);
    if (pane.isCaptured) screen.take();
  }

  /** Who takes the keyboard decides the size; who gives it back only looks on. */
  #change(job: string, pane: LivePane): void {
    const open = this.#open.get(job)!;
    const wasCaptured = open.pane.isCaptured;
    open.pane = pane;
    open.screen.resize(sizeOf(pane.area));
    const isDeeper = open.screen.keep(pane.scrollback);
    if (pane.isCaptured && !wasCaptured) open.screen.take();
    else if (!pane.isCaptured && wasCaptured) open.screen.release();
    else if (isDeeper) open.screen.again();
    this.#place(pane, open.screen);
  }

  #place({job, area, isCaptured}: LivePane, screen: LiveScreen): void {
    const cursor = isCaptured ? {cursor: () => screen.cursor(area)} : {};
    this.#parts.out.setOverlay(`session-${job}`, {region: area, paint: canvas => screen.paint(canvas, area), ...cursor});
  }

  #end(job: string): void {
    this.#parts.out.removeOverlay(`session-${job}`);
    this.#open.get(job)?.screen.close();
    this.#open.delete(job);
  }
}

function noteOf(state: LiveState): ScreenNote {
  if (state.is === 'live') return {is: 'live', controls: state.controls};
  if (state.is === 'away') return {is: 'away', why: messageOf(state.why)};
  return state.is === 'failed' ? {is: 'away', why: messageOf(state.error)} : {is: state.is};
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'The connection is lost.');

const isInside = (area: Area, {column, row}: MouseEvent): boolean =>
  column >= area.left && column < area.left + area.columns && row >= area.top && row < area.top + area.rows;

const sizeOf = ({columns, rows}: Area) => ({columns, rows});

const isSame = (a: Area, b: Area): boolean => a.left === b.left && a.top === b.top && a.columns === b.columns && a.rows === b.rows;
