import type {JobView, WhoAmI} from '@boxyard/core/api';
import type {DisplayWatchers} from '@boxyard/core/client';
import type {z} from 'zod';
import {noData, type Data, type Change, type Figures, type Sent} from './data.ts';
import type {Deed, Undo} from './deeds.ts';
import {noLog, type Log} from './log-lines.ts';
import type {Mode} from './modes.ts';
import {noMemory, type Memory, type Place} from './places.ts';
import type {ThemeName} from './theme.ts';

/** All a screen shows, and nothing else does: components are functions of it. */
export interface State {
  readonly server: string;
  /** Milliseconds since 1970; moves only where what is shown depends on it. */
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly look: Look;
  /** What the terminal said of itself, where it has colours enough for a theme of ours. */
  readonly background: 'light' | 'dark' | undefined;
  /** `--read-only`: nothing here changes anything. */
  readonly isReadOnly: boolean;
  readonly who: z.infer<typeof WhoAmI> | undefined;
  readonly link: {readonly status: 'connecting' | 'online' | 'offline'; readonly since: number; readonly why?: string};
  /** Why what is shown could not be read anew, although the server is there. */
  readonly unread: {readonly why: string; readonly since: number} | undefined;
  readonly data: Data;
  /** Of the webhook that is looked at. */
  readonly sent: Sent | undefined;
  /** Of DevBoxes in sight. */
  readonly figures: Figures;
  /** Where the person is, and the way back; the last is shown. */
  readonly places: readonly Place[];
  /** Cursor, filter, order and marks of each page. */
  readonly memory: Readonly<Record<string, Memory>>;
  readonly mode: Mode;
  readonly log: Log;
  /** Sessions put side by side (`:grid`), and which has the cursor. */
  readonly zoomed: boolean;
  /** What happened, the newest last; errors stay in sight until `esc`. */
  readonly messages: readonly Message[];
  readonly isMessageShown: boolean;
  /** Commands that do what keys did, the newest last. */
  readonly commands: readonly CommandLine[];
  /** What takes back each change that can be, the newest last; one key may have made several. */
  readonly undo: readonly (readonly Undo[])[];
  /** Name of a DevBox that was asked for: the cursor goes to it when it is there, unless another key comes first. */
  readonly expected: string | undefined;
  readonly settings: readonly Setting[];
  readonly leader: string;
  /** What a live screen last said of itself. */
  readonly screens: Readonly<Record<string, ScreenNote>>;
  /** Who looks at displays, as far as the server told: of those in sight. */
  readonly watched: Readonly<Record<string, DisplayWatchers>>;
  readonly hasMouse: boolean;
  readonly hasHeader: boolean;
  readonly isLeaving: boolean;
}

export interface Look {
  readonly theme: ThemeName;
  readonly isAscii: boolean;
  /** For who hears the screen: one pane, words for marks, nothing painted over it. */
  readonly isLinear: boolean;
}

export interface Message {
  readonly at: number;
  readonly text: string;
  readonly isError: boolean;
}

export interface CommandLine {
  readonly at: number;
  readonly line: string;
  /** The same of those that one key asked for. */
  readonly batch: number;
  readonly outcome: 'sent' | 'done' | 'failed';
}

export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
  readonly about: string;
}

export type ScreenNote =
  | {readonly is: 'connecting' | 'live' | 'ended'; readonly controls?: boolean}
  | {readonly is: 'away'; readonly why: string; readonly controls?: boolean};

/** What the world has to do after an event. Carried out once each, in order. */
export type Effect =
  /** `isUndo`: it takes another back, and is not to be taken back itself. */
  | {readonly type: 'deed'; readonly deed: Deed; readonly isUndo?: true}
  | {readonly type: 'open-terminal'; readonly devbox: string; readonly name: string}
  /** The whole terminal for the desktop of a DevBox: `job` is its display where one is open. */
  | {readonly type: 'open-display'; readonly devbox: string; readonly job: string | undefined; readonly isReadonly: boolean}
  /** The whole terminal for one session; the dashboard comes back behind it. */
  | {readonly type: 'attach'; readonly job: string; readonly isReadonly: boolean}
  | {readonly type: 'take'; readonly job: string}
  | {readonly type: 'copy'; readonly text: string}
  | {readonly type: 'save'; readonly name: string; readonly text: string}
  /** Any command of the command line, in the terminal itself. */
  | {readonly type: 'cli'; readonly words: readonly string[]}
  | {readonly type: 'screenshot'}
  | {readonly type: 'repaint' | 'reload' | 'suspend' | 'quit'}
  | {readonly type: 'mouse'; readonly isOn: boolean}
  | {readonly type: 'scroll'; readonly job: string; readonly lines: number};

export type Event =
  | {readonly type: 'key'; readonly key: string}
  | {readonly type: 'paste'; readonly text: string}
  | {readonly type: 'pointed'; readonly action: 'press' | 'wheel-up' | 'wheel-down'; readonly column: number; readonly row: number}
  | {readonly type: 'resized'; readonly columns: number; readonly rows: number}
  | {readonly type: 'ticked'; readonly now: number}
  | {readonly type: 'link'; readonly status: State['link']['status']; readonly why?: string}
  | {readonly type: 'who'; readonly who: z.infer<typeof WhoAmI>}
  /** What the server told since the last time, at once. */
  | {readonly type: 'told'; readonly changes: readonly Change[]; readonly events?: Data['events']}
  | {readonly type: 'unread'; readonly why: string | undefined}
  | {readonly type: 'sent'; readonly sent: Sent}
  | {readonly type: 'figures'; readonly figures: Figures}
  | {readonly type: 'background'; readonly is: 'light' | 'dark'}
  | {readonly type: 'settings'; readonly settings: readonly Setting[]}
  | {readonly type: 'log'; readonly job: string; readonly text: string}
  | {readonly type: 'said'; readonly text: string; readonly isError: boolean}
  | {readonly type: 'done'; readonly line: string; readonly isError: boolean; readonly text?: string | undefined}
  | {readonly type: 'opened'; readonly job: JobView}
  | {readonly type: 'screen'; readonly job: string; readonly note: ScreenNote}
  | {readonly type: 'watched'; readonly job: string; readonly watchers: DisplayWatchers}
  | {readonly type: 'leader'; readonly command: 'leave' | 'next' | 'take' | 'zoom' | 'help'};

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export interface Beginning {
  readonly server: string;
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly look?: Look;
  readonly isReadOnly?: boolean;
  readonly leader?: string;
  readonly hasMouse?: boolean;
}

export const initialState = ({server, now, columns, rows, ...rest}: Beginning): State => ({
  server,
  now,
  columns,
  rows,
  look: rest.look ?? {theme: 'terminal', isAscii: false, isLinear: false},
  background: undefined,
  isReadOnly: rest.isReadOnly ?? false,
  who: undefined,
  link: {status: 'connecting', since: now},
  unread: undefined,
  data: noData,
  sent: undefined,
  figures: {},
  places: [{page: 'home'}],
  memory: {},
  mode: {is: 'normal'},
  log: noLog,
  zoomed: false,
  messages: [],
  isMessageShown: false,
  commands: [],
  undo: [],
  expected: undefined,
  settings: [],
  leader: rest.leader ?? 'ctrl-q',
  screens: {},
  watched: {},
  hasMouse: rest.hasMouse ?? false,
  hasHeader: true,
  isLeaving: false,
});

export const placeOf = (state: State): Place => state.places.at(-1)!;
export const memoryOf = (state: State, page: string = placeOf(state).page): Memory => state.memory[page] ?? noMemory;

export const stay = (state: State): Step => ({state, effects: []});
export const withEffects = (state: State, ...effects: readonly Effect[]): Step => ({state, effects});

export const remember = (state: State, change: Partial<Memory>, page: string = placeOf(state).page): State => ({
  ...state,
  memory: {...state.memory, [page]: {...memoryOf(state, page), ...change}},
});

export const nextBatch = ({commands}: State): number => (commands.at(-1)?.batch ?? 0) + 1;

/** Lines of what the last key that changed something asked for. */
export function lastLines({commands}: State): readonly string[] {
  const batch = commands.at(-1)?.batch;
  return commands.filter(command => command.batch === batch).map(({line}) => line);
}

const mostMessages = 500;

export const said = (state: State, text: string, isError = false): State => ({
  ...state,
  messages: [...state.messages, {at: state.now, text, isError}].slice(-mostMessages),
  isMessageShown: true,
});
