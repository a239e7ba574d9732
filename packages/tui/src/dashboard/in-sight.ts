import {bodyRows, firstVisible, homeAreas} from './layout.ts';
import {isTable} from './pages/tables.ts';
import {cursorOf, rowsOf, shownHomeRows} from './rows.ts';
import {placeOf, type State} from './state.ts';

/** Ids of the rows of a table that are on the screen. */
export function tableInSight(state: State): readonly string[] {
  const shown = rowsOf(state);
  const count = bodyRows(state) - 2;
  const from = firstVisible(Math.max(0, shown.indexOf(cursorOf(state))), count, shown.ids.length);
  return shown.ids.slice(from, from + count);
}

/** Ids of what is on the screen, in a row or as what the page is about. */
export function idsInSight(state: State): readonly string[] {
  const {page, subject} = placeOf(state);
  if (isTable(page)) return tableInSight(state);
  const chosen = [subject, cursorOf(state)].flatMap(id => id ?? []);
  const {list} = homeAreas(state);
  if (page !== 'home' || list === undefined) return chosen;
  const rows = shownHomeRows(state);
  const at = rows.findIndex(row => row.id === chosen[0]);
  const from = firstVisible(Math.max(0, at), list.rows, rows.length);
  return rows.slice(from, from + list.rows).map(row => row.id);
}
