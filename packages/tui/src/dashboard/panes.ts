import type {JobView} from '@boxyard/core/api';
import {isLiveSession, isOpenDisplay} from './data.ts';
import {bodyArea, homeAreas, insideOf, tiles, wideColumns, type Area} from './layout.ts';
import type {PageName} from './places.ts';
import {currentRun, writerOf} from './pages/roles.ts';
import {cursorOf, rowsOf} from './rows.ts';
import {memoryOf, placeOf, type State} from './state.ts';

/** A session whose screen is to be seen, and where. */
export interface LivePane {
  readonly job: string;
  readonly area: Area;
  /** Its keys come from here: then its size follows the pane. */
  readonly isCaptured: boolean;
  /** Lines kept above the screen. */
  readonly scrollback: number;
}

/** A display of which a small picture is to be seen, and where; without an area only who looks at it. */
export interface DisplayPane {
  readonly job: string;
  readonly area: Area | undefined;
  /** Something lies over it for a while. */
  readonly isCovered: boolean;
  readonly everyMs: number;
}

/** Pages about one thing. */
export const detailPages = ['devbox', 'job', 'worker', 'cluster', 'role', 'webhook', 'plugin'] as const;
export const isDetail = (page: PageName): page is (typeof detailPages)[number] => detailPages.some(one => one === page);

const mostTiles = 16;
/** Each line is a kilobyte and more: sixteen sessions that nobody reads back in are not kept like the one that is read. */
const tileScrollback = 100;
const scrollback = 5_000;

/** The live screens that this state shows; whoever opens them compares with what is open. */
export function livePanes(state: State): readonly LivePane[] {
  if (isCovered(state) || state.look.isLinear) return [];
  const captured = state.mode.is === 'capture' ? state.mode.job : undefined;
  const {page} = placeOf(state);
  const tiled = page === 'grid' ? gridPanes(state) : [];
  const pane = (job: JobView, area: Area): LivePane => ({
    job: job.id,
    area: insideOf(area),
    isCaptured: job.id === captured,
    scrollback: tiled.length > 1 && job.id !== captured ? tileScrollback : scrollback,
  });
  if (page === 'grid') return tiled.map(({job, area}) => pane(job, area));
  const shown = sideJob(state);
  if (shown === undefined || !isLiveSession(shown)) return [];
  const area = page === 'home' ? homeAreas(state).side : tabOf(state) === 'screen' ? bodyArea(state) : undefined;
  return area === undefined ? [] : [pane(shown, area)];
}

const thumbnailMs = 2_000;
/** Of the one that is looked at beside a list. */
const largeMs = 500;

/** The displays that this state shows small. */
export function displayPanes(state: State): readonly DisplayPane[] {
  const pane = (job: JobView, area: Area | undefined, everyMs = thumbnailMs): readonly DisplayPane[] =>
    job.state === 'running' ? [{job: job.id, area: area && insideOf(area), isCovered: isCovered(state), everyMs}] : [];
  if (state.link.status === 'offline') return [];
  if (isTiled(state)) return placeOf(state).page === 'displays' ? gridPanes(state).flatMap(({job, area}) => pane(job, area)) : [];
  if (placeOf(state).page === 'displays') return listedDisplays(state).flatMap(job => pane(job, undefined));
  const shown = sideJob(state);
  if (shown === undefined || !isOpenDisplay(shown) || state.look.isLinear) return [];
  const area = placeOf(state).page === 'home' ? homeAreas(state).side : tabOf(state) === 'screen' ? bodyArea(state) : undefined;
  return area === undefined ? [] : pane(shown, area, largeMs);
}

function listedDisplays(state: State): readonly JobView[] {
  const {from, to} = gridPage(state);
  return rowsOf(state)
    .ids.slice(from, to)
    .flatMap(id => state.data.jobs.get(id) ?? []);
}

/** Whether what can be chosen stands side by side. */
export function isTiled(state: State): boolean {
  const {page} = placeOf(state);
  if (page !== 'displays') return page === 'grid';
  return state.columns >= wideColumns && !state.look.isLinear && rowsOf(state).ids.length > 0;
}

/** A window over everything leaves no place for live screens. */
export const isCovered = ({mode}: State): boolean =>
  mode.is === 'help' || mode.is === 'palette' || mode.is === 'form' || mode.is === 'menu' || mode.is === 'copy';

/** Which sessions are on the page of the grid that the cursor is on: from, and to before. */
export function gridPage(state: State): {readonly from: number; readonly to: number; readonly of: number} {
  const rows = rowsOf(state);
  const from = Math.floor(Math.max(0, rows.indexOf(cursorOf(state))) / mostTiles) * mostTiles;
  return {from, to: Math.min(from + mostTiles, rows.ids.length), of: rows.ids.length};
}

export function gridPanes(state: State): readonly {readonly job: JobView; readonly area: Area}[] {
  const {from, to} = gridPage(state);
  const ids = rowsOf(state).ids.slice(from, to);
  const shown = state.zoomed ? ids.filter(id => id === cursorOf(state)) : ids;
  const jobs = shown.flatMap(id => state.data.jobs.get(id) ?? []);
  const areas = tiles(bodyArea(state), jobs.length);
  return jobs.map((job, i) => ({job, area: areas[i]!}));
}

/** The job that the pane beside the list is about: a session, or one with a log. */
export function sideJob(state: State): JobView | undefined {
  const {page, subject} = placeOf(state);
  if (page === 'home') return state.data.jobs.get(cursorOf(state) ?? '');
  if (page === 'job') return state.data.jobs.get(subject!);
  const run = shownRun(state);
  return run === undefined ? undefined : writerOf(state.data.jobs, run);
}

/** The run whose log a cluster or a role shows. */
export function shownRun(state: State): JobView | undefined {
  const {page, subject = ''} = placeOf(state);
  const isShown = (page === 'cluster' || page === 'role') && tabOf(state) === 'log';
  return isShown ? currentRun(state.data.jobs, subject) : undefined;
}

export type Tab = 'facts' | 'log' | 'screen' | 'children' | 'json' | 'devboxes' | 'jobs' | 'roles' | 'runs' | 'deliveries' | 'dead letters';

const fixedTabs: Readonly<Partial<Record<PageName, readonly Tab[]>>> = {
  worker: ['facts', 'devboxes', 'jobs', 'json'],
  devbox: ['facts', 'jobs', 'json'],
  cluster: ['roles', 'runs', 'log', 'facts', 'json'],
  role: ['runs', 'log', 'facts', 'json'],
  webhook: ['deliveries', 'dead letters', 'facts', 'json'],
  plugin: ['facts', 'json'],
};

export function tabsOf(state: State): readonly Tab[] {
  const {page, subject} = placeOf(state);
  const fixed = fixedTabs[page];
  if (fixed !== undefined) return fixed;
  const job = state.data.jobs.get(subject ?? '');
  if (job === undefined) return ['facts'];
  const first = isLiveSession(job) ? (['screen'] as const) : isOpenDisplay(job) ? (['screen', 'log'] as const) : (['log'] as const);
  return [...first, 'facts', ...(job.children === undefined ? [] : (['children'] as const)), 'json'];
}

export function tabOf(state: State): Tab {
  const tabs = tabsOf(state);
  return tabs[memoryOf(state).tab % tabs.length]!;
}

/** The job whose log is to be followed, where one is to be seen. */
export function followedJob(state: State): string | undefined {
  const job = sideJob(state);
  if (job === undefined || isLiveSession(job)) return undefined;
  if (placeOf(state).page === 'home') return homeAreas(state).side === undefined || isOpenDisplay(job) ? undefined : job.id;
  return tabOf(state) === 'log' ? job.id : undefined;
}

export const isLogShown = (state: State): boolean => followedJob(state) !== undefined && state.log.job !== undefined;
