import type {Client} from '@boxyard/core/client';
import {openThumbnail, type Thumbnail} from '../screen/thumbnail.ts';
import type {TtyOut} from '../screen/tty-out.ts';
import {lookAt} from '../services/displays.ts';
import type {DisplayPane} from './panes.ts';
import type {Event} from './state.ts';

export interface LiveDisplaysParts {
  readonly client: Client;
  readonly out: Pick<TtyOut, 'setOverlay' | 'removeOverlay' | 'paintSoon'>;
  readonly dispatch: (event: Event) => void;
  /** No colours, or no half blocks. */
  readonly isAscii: boolean;
}

/** Rows that are only passed over open nothing. */
const SETTLE_MS = 80;

/** Opens, moves and closes small pictures of desktops so that they are those that a state shows. */
export class LiveDisplays {
  readonly #parts: LiveDisplaysParts;
  readonly #open = new Map<string, {readonly thumbnail: Thumbnail; pane: DisplayPane}>();
  #wanted: readonly DisplayPane[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isSeen = true;

  constructor(parts: LiveDisplaysParts) {
    this.#parts = parts;
  }

  show(panes: readonly DisplayPane[]): void {
    if (panes.length === 0 && this.#wanted.length === 0) return;
    this.#wanted = panes;
    for (const [job, open] of this.#open) {
      const next = panes.find(each => each.job === job);
      if (next === undefined) this.#end(job);
      else if (!isSame(next, open.pane)) {
        open.pane = next;
        this.#place(next, open.thumbnail);
      }
    }
    if (panes.some(({job}) => !this.#open.has(job))) this.#timer ??= setTimeout(() => this.#start(), SETTLE_MS);
  }

  /** Whether anybody can: the window has the focus, and the terminal is ours. */
  setSeen(isSeen: boolean): void {
    if (isSeen === this.#isSeen) return;
    this.#isSeen = isSeen;
    for (const {thumbnail, pane} of this.#open.values()) this.#pace(pane, thumbnail);
  }

  close(): void {
    this.#wanted = [];
    clearTimeout(this.#timer);
    for (const job of [...this.#open.keys()]) this.#end(job);
  }

  #start(): void {
    this.#timer = undefined;
    const {client, out, dispatch, isAscii} = this.#parts;
    for (const pane of this.#wanted) {
      if (this.#open.has(pane.job)) continue;
      const {job} = pane;
      const thumbnail = openThumbnail({
        isAscii,
        look: look => lookAt(client, {...look, job, control: 'glance', watched: watchers => dispatch({type: 'watched', job, watchers})}),
        onChange: () => out.paintSoon(),
        onAway: why => dispatch({type: 'screen', job, note: why === undefined ? {is: 'live'} : {is: 'away', why: why.message}}),
      });
      this.#open.set(job, {thumbnail, pane});
      this.#place(pane, thumbnail);
    }
  }

  #place(pane: DisplayPane, thumbnail: Thumbnail): void {
    const {job, area, isCovered} = pane;
    if (area === undefined || isCovered) this.#parts.out.removeOverlay(idOf(job));
    else this.#parts.out.setOverlay(idOf(job), {region: area, paint: canvas => thumbnail.paint(canvas, area)});
    this.#pace(pane, thumbnail);
  }

  #pace({area, isCovered, everyMs}: DisplayPane, thumbnail: Thumbnail): void {
    thumbnail.pace(this.#isSeen && !isCovered && area !== undefined ? everyMs : undefined);
  }

  #end(job: string): void {
    this.#parts.out.removeOverlay(idOf(job));
    this.#open.get(job)?.thumbnail.close();
    this.#open.delete(job);
  }
}

const idOf = (job: string): string => `display-${job}`;

const isSame = (a: DisplayPane, b: DisplayPane): boolean =>
  a.isCovered === b.isCovered &&
  a.everyMs === b.everyMs &&
  a.area?.left === b.area?.left &&
  a.area?.top === b.area?.top &&
  a.area?.columns === b.area?.columns &&
  a.area?.rows === b.area?.rows;
