import type {DevBoxView, ImageView, JobView, WorkerView} from '@boxyard/core/api';
import {safeLine} from '../output/safe-text.ts';
import {isFit, parseFilter} from './filter.ts';
import {homeRows, type HomeRow} from './pages/home.ts';
import {isTable, tables, type TablePage} from './pages/tables.ts';
import {memoryOf, placeOf, type State} from './state.ts';

/** Rows of the page that shows, in order; ids of what can be chosen. */
export interface Rows {
  readonly ids: readonly string[];
  readonly items: ReadonlyMap<string, unknown>;
}

const none: Rows = {ids: [], items: new Map()};
const cache = new WeakMap<readonly unknown[], Map<string, Rows>>();
const choices = new WeakMap<readonly HomeRow[], {readonly home?: Rows; readonly grid?: Rows}>();

export function rowsOf(state: State): Rows {
  const {page} = placeOf(state);
  if (isTable(page)) return tableRows(state, tables[page]);
  if (page !== 'home' && page !== 'grid') return none;
  const rows = shownHomeRows(state);
  const known = choices.get(rows)?.[page];
  if (known !== undefined) return known;
  const chosen = rows.filter(row => row.is !== 'heading' && (page === 'home' || row.is === 'session'));
  const made = {ids: chosen.map(row => row.id), items: new Map(chosen.map(row => [row.id, row]))};
  choices.set(rows, {...choices.get(rows), [page]: made});
  return made;
}

/** Filtered and ordered once for each set of items: what is typed and drawn meanwhile costs no more. */
function tableRows(state: State, page: TablePage<unknown>): Rows {
  const items = page.items(state);
  const {filter, sort} = memoryOf(state);
  const known = cache.get(items) ?? new Map<string, Rows>();
  cache.set(items, known);
  const key = `${page.title}\n${filter}\n${sort?.column}\n${sort?.isReversed}`;
  const made = known.get(key) ?? madeRows(items, page, {filter, sort, now: state.now});
  known.set(key, made);
  return made;
}

interface Order {
  readonly filter: string;
  readonly sort: {readonly column: string; readonly isReversed: boolean} | undefined;
  readonly now: number;
}

function madeRows(items: readonly unknown[], page: TablePage<unknown>, {filter, sort, now}: Order): Rows {
  const wanted = parseFilter(filter);
  const textOf = (item: unknown) => page.columns.map(column => safeLine(column.cell(item, now))).join(' ');
  const fit = filter === '' ? items : items.filter(item => isFit(wanted, textOf(item), page.labels?.(item) ?? {}));
  const column = page.columns.find(each => each.title === sort?.column) ?? (page.isLog ? undefined : page.columns[0]);
  const ordered = column === undefined ? fit : orderedBy(fit, column.order ?? (item => column.cell(item, now)), sort?.isReversed === true);
  const map = new Map(ordered.map(item => [page.id(item), item]));
  return {ids: [...map.keys()], items: map};
}

function orderedBy(items: readonly unknown[], of: (item: unknown) => string | number, isReversed: boolean): readonly unknown[] {
  const keyed = items.map(item => ({item, key: of(item)}));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  if (isReversed) keyed.reverse();
  return keyed.map(({item}) => item);
}

const homes = new WeakMap<object, {readonly now: number; readonly filter: string; readonly rows: readonly HomeRow[]}>();

/** With their headings. */
export function shownHomeRows(state: State): readonly HomeRow[] {
  const {filter} = memoryOf(state, 'home');
  const known = homes.get(state.data);
  if (known !== undefined && known.now === state.now && known.filter === filter) return known.rows;
  const wanted = parseFilter(filter);
  const isShown = (row: HomeRow) =>
    row.is === 'heading' || filter === '' || isFit(wanted, `${row.name} ${row.branch} ${row.doing} ${row.worker}`, {});
  const fit = homeRows(state.data, state.now).filter(isShown);
  const rows = fit.filter((row, i) => row.is !== 'heading' || (fit[i + 1] !== undefined && fit[i + 1]!.is !== 'heading'));
  homes.set(state.data, {now: state.now, filter, rows});
  return rows;
}

/** Id of the row under the cursor: the first where the one that was chosen is gone. */
export function cursorOf(state: State): string | undefined {
  const {ids, items} = rowsOf(state);
  const {cursor} = memoryOf(state);
  if (cursor !== undefined && items.has(cursor)) return cursor;
  const {page} = placeOf(state);
  return isTable(page) && tables[page].isLog ? ids.at(-1) : ids[0];
}

/** What the keys are about: the thing this page is about, else the row under the cursor. */
export type Target =
  | {readonly is: 'worker'; readonly worker: WorkerView}
  | {readonly is: 'devbox'; readonly devbox: DevBoxView}
  | {readonly is: 'job'; readonly job: JobView}
  | {readonly is: 'image'; readonly image: ImageView}
  | {readonly is: 'none'};

export function targetOf(state: State, id: string | undefined = placeOf(state).subject ?? cursorOf(state)): Target {
  const {workers, devboxes, jobs, images} = state.data;
  if (id === undefined) return {is: 'none'};
  const [worker, devbox, job, image] = [workers.get(id), devboxes.get(id), jobs.get(id), images.get(id)];
  if (worker !== undefined) return {is: 'worker', worker};
  if (devbox !== undefined) return {is: 'devbox', devbox};
  if (job !== undefined) return {is: 'job', job};
  return image === undefined ? {is: 'none'} : {is: 'image', image};
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
  const {items} = rowsOf(state);
  const marked = marks.filter(id => items.has(id));
  if (marked.length > 0 && placeOf(state).subject === undefined) return marked;
  const one = placeOf(state).subject ?? cursorOf(state);
  return one === undefined ? [] : [one];
}
