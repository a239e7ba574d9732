import {isTable} from '../pages/tables.ts';
import {isLogShown} from '../panes.ts';
import {placeOf, type State} from '../state.ts';
import type {Action, Context} from './action.ts';
import {devboxActions, imageActions, jobActions, settingActions, undoAction, workerActions} from './changing.ts';
import {logActions, moving} from './moving.ts';
import {pageActions} from './pages.ts';
import {sessionActions} from './sessions.ts';

/** Everything keys do. Of two with the same key in one place the narrower wins: a page, then a log, then lists, then anywhere. */
export const actions: readonly Action[] = [
  ...sessionActions,
  ...devboxActions,
  ...jobActions,
  ...workerActions,
  ...imageActions,
  ...settingActions,
  ...logActions,
  ...pageActions,
  ...moving,
  undoAction,
];

/** The contexts of a state, the narrowest first. */
function contextsOf(state: State): readonly Context[] {
  const {page} = placeOf(state);
  return [page, ...(isLogShown(state) ? (['log'] as const) : []), ...(isTable(page) ? (['list'] as const) : []), 'any'];
}

/** What can be done here, each key once; those that cannot be done now are among them, with their reason. */
export function actionsOf(state: State): readonly Action[] {
  const taken = new Set<string>();
  return contextsOf(state).flatMap(context =>
    actions.filter(action => {
      if (!action.on.includes(context) || action.keys.some(key => taken.has(key))) return false;
      action.keys.forEach(key => taken.add(key));
      return true;
    }),
  );
}

export const actionOf = (state: State, key: string): Action | undefined => actionsOf(state).find(action => action.keys.includes(key));

/** A key as a person reads it. */
export const keyText = (key: string): string => ({' ': 'space', escape: 'esc', delete: 'del'})[key] ?? key;

/** The keys valid now, the page's own first; as many as fit are shown. */
export const footerKeys = (state: State): readonly {readonly key: string; readonly word: string; readonly isOff: boolean}[] =>
  actionsOf(state).flatMap(({keys, footer, when}) =>
    footer === undefined || keys[0] === undefined ? [] : [{key: keyText(keys[0]), word: footer, isOff: when?.(state) !== undefined}],
  );
