import type {DevBoxView, JobView, WorkerView} from '@boxyard/core/api';

/** Everything the screen shows. Only `reduce` makes a new one; it knows neither React nor the server. */
export interface State {
  readonly server: string;
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly link: {readonly status: 'connecting' | 'online' | 'offline'; readonly since: number; readonly why?: string};
  readonly workers: readonly WorkerView[];
  readonly devboxes: readonly DevBoxView[];
  readonly jobs: readonly JobView[];
  readonly focus: Pane;
  /** One pane takes the whole body. */
  readonly zoom: Pane | undefined;
  /** Ids, not places: rows may move under the cursor. */
  readonly selected: Readonly<Record<ListName, string | undefined>>;
  readonly log: Log;
  readonly prompt: {readonly kind: 'run' | 'command'; readonly text: string} | undefined;
  readonly question: {readonly text: string; readonly effect: Effect} | undefined;
  readonly isHelpOpen: boolean;
  readonly notice: {readonly text: string; readonly at: number; readonly isError: boolean} | undefined;
  readonly isLeaving: boolean;
}

export type ListName = 'workers' | 'devboxes' | 'jobs';
export type Pane = ListName | 'log';
export const panes: readonly Pane[] = ['workers', 'devboxes', 'jobs', 'log'];

export interface Log {
  readonly job: string | undefined;
  readonly lines: readonly string[];
  /** The line that has no end yet. */
  readonly open: string;
  /** Lines between the last one shown and the end; 0 follows. */
  readonly back: number;
}

/** What the world has to do after a key; `open-dashboard` carries it out. */
export type Effect =
  | {readonly type: 'run'; readonly command: readonly string[]}
  | {readonly type: 'start' | 'stop'; readonly devbox: string}
  | {readonly type: 'cancel'; readonly job: string}
  | {readonly type: 'follow'; readonly job: string}
  | {readonly type: 'quit'};

export type Event =
  | {readonly type: 'key'; readonly key: string}
  | {readonly type: 'resized'; readonly columns: number; readonly rows: number}
  | {readonly type: 'ticked'; readonly now: number}
  | {readonly type: 'link'; readonly status: State['link']['status']; readonly why?: string}
  | {readonly type: 'workers'; readonly items: readonly WorkerView[]}
  | {readonly type: 'devboxes'; readonly items: readonly DevBoxView[]}
  | {readonly type: 'jobs'; readonly items: readonly JobView[]}
  | {readonly type: 'log'; readonly job: string; readonly text: string}
  | {readonly type: 'said'; readonly text: string; readonly isError: boolean};

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const initialState = (server: string, now: number, size: {readonly columns: number; readonly rows: number}): State => ({
  server,
  now,
  ...size,
  link: {status: 'connecting', since: now},
  workers: [],
  devboxes: [],
  jobs: [],
  focus: 'jobs',
  zoom: undefined,
  selected: {workers: undefined, devboxes: undefined, jobs: undefined},
  log: {job: undefined, lines: [], open: '', back: 0},
  prompt: undefined,
  question: undefined,
  isHelpOpen: false,
  notice: undefined,
  isLeaving: false,
});

export const listOf = (state: State, list: ListName): readonly {readonly id: string}[] => state[list];

/** The row under the cursor; the first where the one that was chosen is gone. */
export function selectedIn<L extends ListName>(state: State, list: L): State[L][number] | undefined {
  const items = state[list] as readonly State[L][number][];
  return items.find(item => item.id === state.selected[list]) ?? items[0];
}
