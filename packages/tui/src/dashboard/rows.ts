import type {ClusterView, DevBoxView, ImageView, JobView, WebhookView, WorkerView} from '@boxyard/core/api';
import {safeLine} from '../output/safe-text.ts';
import type {Data, Figures, Plugin} from './data.ts';
import {isFit, parseFilter} from './filter.ts';
import {homeRows, type HomeRow} from './pages/home.ts';
import type {PageColumn} from './pages/columns.ts';
import {rolesOf, type ClusterRole} from './pages/roles.ts';
import type {TablePage} from './pages/table-page.ts';
import {isTable, tables} from './pages/tables.ts';
import type {Memory} from './places.ts';
import {memoryOf, placeOf, type State} from './state.ts';

/** Rows of the page that shows: ids of what can be chosen, in order. */
export interface Rows {
  readonly ids: readonly string[];
  /** What a table's row is about. */
  readonly items: ReadonlyMap<string, unknown>;
  /** Counted from 0; -1 where it is none of them. */
  indexOf(id: string | undefined): number;
}

const none = rows([]);
type TableCache = Map<string, {readonly figures: Figures | undefined; readonly rows: Rows}>;
const cache = new WeakMap<readonly unknown[], TableCache>();

/** One row is asked for again and again: of thousands a table would cost more than the one search. */
function rows(ids: readonly string[], items: ReadonlyMap<string, unknown> = new Map()): Rows {
  let sought: string | undefined;
  let place = -1;
  return {
    ids,
    items,
    indexOf(id) {
      if (id === undefined) return -1;
      if (sought !== id) [sought, place] = [id, ids.indexOf(id)];
      return place;
    },
  };
}

export function rowsOf(state: State): Rows {
  const {page} = placeOf(state);
  if (isTable(page)) return tableRows(state, tables[page]);
  if (page === 'home') return homeView(state).choices;
  return page === 'grid' ? homeView(state).sessions : none;
}

/** Filtered and ordered once for each set of items: what is typed and drawn meanwhile costs no more. */
function tableRows(state: State, page: TablePage<unknown>): Rows {
  const items = page.items(state);
  const {filter, sort = page.order} = memoryOf(state);
  const known: TableCache = cache.get(items) ?? new Map();
  cache.set(items, known);
  const key = `${page.title}\n${filter}\n${sort?.column}\n${sort?.isReversed}`;
  const figures = orderOf(page, sort)?.isByFigures ? state.figures : undefined;
  const found = known.get(key);
  if (found !== undefined && found.figures === figures) return found.rows;
  const made = madeRows(items, page, {filter, sort, now: state.now, figures});
  known.set(key, {figures, rows: made});
  return made;
}

/** The column a table is ordered by: its first where none was chosen; a log by none. */
const orderOf = ({columns, isLog}: TablePage<unknown>, sort: Memory['sort']): PageColumn<unknown> | undefined =>
  columns.find(each => each.title === sort?.column) ?? (isLog ? undefined : columns[0]);

/** Whether what is shown is ordered by figures, which are told of what is asked for alone. */
export function isByFigures(state: State): boolean {
  const {page} = placeOf(state);
  return isTable(page) && orderOf(tables[page], memoryOf(state).sort)?.isByFigures === true;
}

interface Order {
  readonly filter: string;
  readonly sort: Memory['sort'];
  readonly now: number;
  readonly figures: Figures | undefined;
}

function madeRows(items: readonly unknown[], page: TablePage<unknown>, {filter, sort, now, figures = {}}: Order): Rows {
  const wanted = parseFilter(filter);
  const textOf = (item: unknown) => page.columns.map(column => safeLine(column.cell(item, now))).join(' ');
  const fit = filter === '' ? items : items.filter(item => isFit(wanted, textOf(item), page.labels?.(item) ?? {}));
  const column = orderOf(page, sort);
  const ordered =
    column === undefined ? fit : orderedBy(fit, item => column.order?.(item, figures) ?? column.cell(item, now), sort?.isReversed === true);
  const map = new Map(ordered.map(item => [page.id(item), item]));
  return rows([...map.keys()], map);
}

function orderedBy(items: readonly unknown[], of: (item: unknown) => string | number, isReversed: boolean): readonly unknown[] {
  const keyed = items.map(item => ({item, key: of(item)}));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  if (isReversed) keyed.reverse();
  return keyed.map(({item}) => item);
}

interface HomeView {
  readonly devboxes: Data['devboxes'];
  readonly filter: string;
  readonly from: number;
  readonly until: number;
  /** With their headings. */
  readonly shown: readonly HomeRow[];
  readonly choices: Rows;
  /** Of these, the ones with a live screen. */
  readonly sessions: Rows;
}

const homes = new WeakMap<Data['jobs'], HomeView>();

/** Made anew only where something on it changed: not for a key, nor for a heartbeat, nor because a second has gone by. */
function homeView(state: State): HomeView {
  const {data, now} = state;
  const {filter} = memoryOf(state, 'home');
  const known = homes.get(data.jobs);
  if (known?.devboxes === data.devboxes && known.filter === filter && now >= known.from && now < known.until) return known;
  const made = homeRows(data, now);
  const shown = filter === '' ? made.rows : fitting(made.rows, filter);
  const ids = filter === '' ? made.ids : shown.flatMap(row => (row.is === 'heading' ? [] : row.id));
  const sessions = shown.flatMap(row => (row.is === 'session' ? row.id : []));
  const view = {
    devboxes: data.devboxes,
    filter,
    from: now,
    until: made.until,
    shown,
    choices: rows(ids),
    sessions: rows(sessions),
  };
  homes.set(data.jobs, view);
  return view;
}

function fitting(all: readonly HomeRow[], filter: string): readonly HomeRow[] {
  const wanted = parseFilter(filter);
  const fit = all.filter(row => row.is === 'heading' || isFit(wanted, `${row.name} ${row.branch} ${row.doing} ${row.worker}`, {}));
  return fit.filter((row, i) => row.is !== 'heading' || (fit[i + 1] !== undefined && fit[i + 1]!.is !== 'heading'));
}

export const shownHomeRows = (state: State): readonly HomeRow[] => homeView(state).shown;

/** Id of the row under the cursor: the first where the one that was chosen is gone. */
export function cursorOf(state: State): string | undefined {
  const shown = rowsOf(state);
  const {cursor} = memoryOf(state);
  if (shown.indexOf(cursor) >= 0) return cursor;
  const {page} = placeOf(state);
  return isTable(page) && tables[page].isLog ? shown.ids.at(-1) : shown.ids[0];
}

/** What the keys are about: the thing this page is about, else the row under the cursor. */
export type Target =
  | {readonly is: 'worker'; readonly worker: WorkerView}
  | {readonly is: 'devbox'; readonly devbox: DevBoxView}
  | {readonly is: 'job'; readonly job: JobView}
  | {readonly is: 'image'; readonly image: ImageView}
  | {readonly is: 'cluster'; readonly cluster: ClusterView}
  | {readonly is: 'role'; readonly role: ClusterRole}
  | {readonly is: 'webhook'; readonly webhook: WebhookView}
  | {readonly is: 'plugin'; readonly plugin: Plugin}
  | {readonly is: 'none'};

export function targetOf(state: State, id: string | undefined = placeOf(state).subject ?? cursorOf(state)): Target {
  const {workers, devboxes, jobs} = state.data;
  if (id === undefined) return {is: 'none'};
  const [worker, devbox, job] = [workers.get(id), devboxes.get(id), jobs.get(id)];
  if (worker !== undefined) return {is: 'worker', worker};
  if (devbox !== undefined) return {is: 'devbox', devbox};
  if (job !== undefined) return {is: 'job', job};
  return seldom(state.data, id);
}

function seldom({images, clusters, webhooks, plugins}: Data, id: string): Target {
  const [image, cluster, webhook, plugin] = [images.get(id), clusters.get(id), webhooks.get(id), plugins.get(id)];
  if (image !== undefined) return {is: 'image', image};
  if (cluster !== undefined) return {is: 'cluster', cluster};
  if (webhook !== undefined) return {is: 'webhook', webhook};
  if (plugin !== undefined) return {is: 'plugin', plugin};
  const role = rolesOf(clusters).find(each => each.id === id);
  return role === undefined ? {is: 'none'} : {is: 'role', role};
}

/** The thing itself, as the server tells it. */
export function thingOf(target: Exclude<Target, {is: 'none'}>): {readonly id: string} {
  switch (target.is) {
    case 'worker':
      return target.worker;
    case 'devbox':
      return target.devbox;
    case 'job':
      return target.job;
    case 'image':
      return target.image;
    case 'cluster':
      return target.cluster;
    case 'role': {
      const {cluster: _, ...role} = target.role;
      return role;
    }
    case 'webhook':
      return target.webhook;
    case 'plugin':
      return target.plugin;
  }
}

/** The DevBox that the target is, or is in. */
export function devboxTarget(state: State): DevBoxView | undefined {
  const target = targetOf(state);
  if (target.is === 'devbox') return target.devbox;
  return target.is === 'job' && target.job.devbox !== undefined ? state.data.devboxes.get(target.job.devbox.id) : undefined;
}

/** Ids that a key is about: what is marked, else the target. */
export function targetIds(state: State): readonly string[] {
  const {marks} = memoryOf(state);
  const shown = marks.length === 0 ? undefined : new Set(rowsOf(state).ids);
  const marked = marks.filter(id => shown?.has(id));
  if (marked.length > 0 && placeOf(state).subject === undefined) return marked;
  const one = placeOf(state).subject ?? cursorOf(state);
  return one === undefined ? [] : [one];
}
