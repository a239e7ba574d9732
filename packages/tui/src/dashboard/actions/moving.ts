import {follow, linesOf} from '../log-lines.ts';
import {bodyArea, bodyRows, tilesAcross} from '../layout.ts';
import {chosenRow, detailRows} from '../pages/detail-rows.ts';
import {detailPages, gridPage, isDetail, isLogShown, isTiled} from '../panes.ts';
import {cursorOf, rowsOf} from '../rows.ts';
import {memoryOf, placeOf, remember, stay, type State, type Step} from '../state.ts';
import type {Action} from './action.ts';
import {cursorTo} from './marking.ts';

/** Moves the cursor of a list, or what is read. */
export function move(state: State, by: number): Step {
  const listed = isDetail(placeOf(state).page) ? detailRows(state) : undefined;
  if (listed !== undefined)
    return chosen(
      state,
      listed.map(row => row.id),
      {at: chosenRow(state)?.id, by},
    );
  if (isReading(state)) return isLogShown(state) ? stay(scrolled(state, by)) : stay(remember(state, {top: topAfter(state, by)}));
  return chosen(state, rowsOf(state).ids, {at: cursorOf(state), by});
}

function chosen(state: State, ids: readonly string[], {at, by}: {readonly at: string | undefined; readonly by: number}): Step {
  const next = ids[Math.max(0, Math.min(ids.length - 1, ids.indexOf(at ?? '') + by))];
  return stay(next === undefined ? state : cursorTo(state, next));
}

/** To the tile above or below; where there is none it stays. */
function moveTile(state: State, by: 1 | -1): Step {
  const {from, to, of} = gridPage(state);
  const at = rowsOf(state).indexOf(cursorOf(state));
  const across = state.zoomed ? 1 : tilesAcross(bodyArea(state), to - from);
  const isLastRow = at - from >= Math.floor((to - from - 1) / across) * across;
  const next = by === -1 ? at - across : isLastRow ? Math.max(at + across, to) : Math.min(at + across, to - 1);
  return next < 0 || next >= of ? stay(state) : move(state, next - at);
}

const step = (state: State, by: 1 | -1): Step => (isTiled(state) ? moveTile(state, by) : move(state, by));

const isReading = (state: State): boolean => isDetail(placeOf(state).page) || memoryOf(state).pane === 'side';

const topAfter = (state: State, by: number): number => Math.max(0, Math.min(10_000, memoryOf(state).top + by));

function scrolled(state: State, by: number): State {
  if (by === Infinity) return {...state, log: follow(state.log)};
  // Wrapped, the first line alone may fill what is seen.
  const seen = state.log.isWrapped ? 1 : bodyRows(state) - (isDetail(placeOf(state).page) ? 1 : 2);
  const most = Math.max(0, linesOf(state.log).length - seen);
  const back = Math.max(0, Math.min(most, by === -Infinity ? most : state.log.back - by));
  return {...state, log: {...state.log, back}};
}

const page = (state: State) => Math.max(1, bodyRows(state) - 2);

const half = (state: State) => Math.ceil(page(state) / 2);
const reading = ['log', ...detailPages] as const;

const toPane = (state: State, pane: 'list' | 'side'): Step => stay(remember(state, {pane}));

export const moving: readonly Action[] = [
  {id: 'up', keys: ['up', 'k'], title: 'up', on: ['any'], run: state => step(state, -1)},
  {id: 'down', keys: ['down', 'j'], title: 'down', on: ['any'], run: state => step(state, 1)},
  {id: 'page-up', keys: ['page-up', 'ctrl-b'], title: 'page up', on: ['any'], run: state => move(state, -page(state))},
  {id: 'page-down', keys: ['page-down', 'ctrl-f'], title: 'page down', on: ['any'], run: state => move(state, page(state))},
  {id: 'half-up', keys: ['ctrl-u'], title: 'half a page up', on: reading, run: state => move(state, -half(state))},
  {id: 'half-down', keys: ['ctrl-d'], title: 'half a page down', on: reading, run: state => move(state, half(state))},
  {id: 'first', keys: ['g', 'home'], title: 'first', on: ['any'], run: state => move(state, -Infinity)},
  {id: 'last', keys: ['G', 'end'], title: 'last; a log goes on with what comes', on: ['any'], run: state => move(state, Infinity)},
  {id: 'right', keys: ['right', 'l', 'tab'], title: 'the next one', on: ['grid', 'displays'], run: state => move(state, 1)},
  {id: 'left', keys: ['left', 'h', 'shift-tab'], title: 'the one before', on: ['grid', 'displays'], run: state => move(state, -1)},
  {
    id: 'next-pane',
    keys: ['tab', 'right', 'l'],
    title: 'into the pane beside',
    on: ['home'],
    run: state => toPane(state, 'side'),
  },
  {id: 'previous-pane', keys: ['shift-tab', 'left', 'h'], title: 'back to the list', on: ['home'], run: state => toPane(state, 'list')},
];
