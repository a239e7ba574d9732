import {cursorTo} from './actions/marking.ts';
import {move} from './actions/moving.ts';
import {firstVisible, homeAreas, bodyRows, headerRows} from './layout.ts';
import {gridPanes, isTiled, livePanes} from './panes.ts';
import {cursorOf, rowsOf, shownHomeRows} from './rows.ts';
import {memoryOf, placeOf, remember, stay, withEffects, type Event, type State, type Step} from './state.ts';
import {isTable} from './pages/tables.ts';

const wheelLines = 3;

/** A click chooses what it is on; the wheel moves what it is over. */
export function onPointer(state: State, {action, column, row}: Extract<Event, {type: 'pointed'}>): Step {
  if (action !== 'press') {
    const by = action === 'wheel-up' ? -wheelLines : wheelLines;
    const pane = livePanes(state).find(({area}) => isInside(area, column, row));
    return pane === undefined ? move(state, by) : withEffects(state, {type: 'scroll', job: pane.job, lines: -by});
  }
  if (state.mode.is !== 'normal') return stay(state);
  const {page} = placeOf(state);
  if (isTiled(state)) {
    const pane = gridPanes(state).find(({area}) => isInside(area, column, row));
    return stay(pane === undefined ? state : remember(state, {cursor: pane.job.id}));
  }
  const id = page === 'home' ? homeRowAt(state, column, row) : isTable(page) ? tableRowAt(state, row) : undefined;
  return stay(id === undefined ? state : cursorTo(state, id));
}

const isInside = (area: {left: number; top: number; columns: number; rows: number}, column: number, row: number): boolean =>
  column >= area.left && column < area.left + area.columns && row >= area.top && row < area.top + area.rows;

/** Below the header stand the title and the names of the columns. */
const tableTop = (state: State): number => headerRows(state) + 2;

function tableRowAt(state: State, row: number): string | undefined {
  const rows = rowsOf(state);
  const count = bodyRows(state) - 2;
  const from = firstVisible(Math.max(0, rows.indexOf(cursorOf(state))), count, rows.ids.length);
  const top = tableTop(state);
  return row < top || row >= top + count ? undefined : rows.ids[from + row - top];
}

function homeRowAt(state: State, column: number, row: number): string | undefined {
  const {list, side} = homeAreas(state);
  if (side !== undefined && isInside(side, column, row)) return memoryOf(state).cursor;
  if (list === undefined || !isInside(list, column, row)) return undefined;
  const rows = shownHomeRows(state);
  const from = firstVisible(
    Math.max(
      0,
      rows.findIndex(each => each.id === cursorOf(state)),
    ),
    list.rows,
    rows.length,
  );
  const found = rows[from + row - list.top];
  return found === undefined || found.is === 'heading' ? undefined : found.id;
}
