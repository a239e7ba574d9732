import {cursorOf, rowsOf} from '../rows.ts';
import type {Memory} from '../places.ts';
import {memoryOf, remember, stay, type State, type Step} from '../state.ts';
import type {Action} from './action.ts';

/** The cursor on that row; while a range is open, all from its beginning to there is marked. */
export function cursorTo(state: State, id: string): State {
  const {range} = memoryOf(state);
  if (range === undefined) return remember(state, {cursor: id});
  const rows = rowsOf(state);
  const [from, to] = [rows.indexOf(range.from), rows.indexOf(id)];
  if (from < 0 || to < 0) return remember(state, {cursor: id, range: undefined});
  const between = rows.ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  return remember(state, {cursor: id, marks: [...new Set([...range.marks, ...between])]});
}

export const unmarked: Pick<Memory, 'marks' | 'range'> = {marks: [], range: undefined};

function mark(state: State): Step {
  const id = cursorOf(state);
  if (id === undefined) return stay(state);
  const {marks} = memoryOf(state);
  const {ids} = rowsOf(state);
  const cursor = ids[Math.min(ids.length - 1, rowsOf(state).indexOf(id) + 1)];
  const next = marks.includes(id) ? marks.filter(other => other !== id) : [...marks, id];
  return stay(remember(state, {marks: next, range: undefined, cursor}));
}

const markAll = (state: State): Step =>
  stay(remember(state, memoryOf(state).marks.length > 0 ? unmarked : {marks: [...rowsOf(state).ids], range: undefined}));

/** Begins at the cursor, and ends where it is then. */
function range(state: State): Step {
  const from = cursorOf(state);
  const memory = memoryOf(state);
  if (from === undefined || memory.range !== undefined) return stay(remember(state, {range: undefined}));
  return stay(cursorTo(remember(state, {range: {from, marks: memory.marks}}), from));
}

export const listActions: readonly Action[] = [
  {id: 'mark', keys: [' '], title: 'mark', footer: 'mark', on: ['list'], run: mark},
  {id: 'mark-range', keys: ['v'], title: 'mark all from here to where the cursor goes; again: that was all', on: ['list'], run: range},
  {id: 'mark-all', keys: ['*', 'ctrl-space'], title: 'mark all, or none', on: ['list'], run: markAll},
];
