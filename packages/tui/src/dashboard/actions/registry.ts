import {isTable} from '../pages/tables.ts';
import {isLogShown} from '../panes.ts';
import type {Choice} from '../modes.ts';
import {cursorOf} from '../rows.ts';
import {memoryOf, placeOf, stay, type State} from '../state.ts';
import type {Action, Context} from './action.ts';
import {displayActions} from './displays.ts';
import {devboxActions, jobActions, settingActions, undoAction} from './changing.ts';
import {imageActions, workerActions} from './machines.ts';
import {moving} from './moving.ts';
import {logActions} from './reading.ts';
import {clusterActions} from './clusters.ts';
import {webhookActions} from './webhooks.ts';
import {listActions} from './marking.ts';
import {pageActions} from './pages.ts';
import {sessionActions} from './sessions.ts';

const rowMenu: Action = {
  id: 'row-menu',
  keys: ['x'],
  title: 'all that can be done with it',
  footer: 'actions',
  on: ['any'],
  when: state => (rowChoices(state).length === 0 ? 'There is nothing here to do something with.' : undefined),
  run: state => stay({...state, mode: {is: 'menu', title: 'What can be done', choices: rowChoices(state), at: 0}}),
};

/** Everything keys do. Of two with the same key in one place the narrower wins: a page, then a log, then lists, then anywhere. */
export const actions: readonly Action[] = [
  ...sessionActions,
  ...displayActions,
  ...devboxActions,
  ...jobActions,
  ...workerActions,
  ...imageActions,
  ...settingActions,
  ...clusterActions,
  ...webhookActions,
  ...logActions,
  ...listActions,
  rowMenu,
  ...pageActions,
  ...moving,
  undoAction,
];

/** The contexts of a state, the narrowest first: of a log beside a list once it has the focus. */
function contextsOf(state: State): readonly Context[] {
  const {page} = placeOf(state);
  if (isLogShown(state)) return isLogFocused(state) ? ['log', page, 'any'] : [page, 'log', 'any'];
  return [page, ...(isTable(page) ? (['list'] as const) : []), 'any'];
}

const isLogFocused = (state: State): boolean => placeOf(state).page !== 'home' || memoryOf(state).pane === 'side';

/** What can be done here, each key once, and what has none left not at all; those that cannot be done now are among them, with their reason. */
export function actionsOf(state: State): readonly Action[] {
  const taken = new Set<string>();
  return contextsOf(state).flatMap(context =>
    actions.flatMap(action => {
      const keys = action.on.includes(context) ? action.keys.filter(key => !taken.has(key)) : [];
      if (keys.length === 0 && (action.keys.length > 0 || !action.on.includes(context))) return [];
      keys.forEach(key => taken.add(key));
      return keys.length === action.keys.length ? action : {...action, keys};
    }),
  );
}

export const actionOf = (state: State, key: string): Action | undefined => actionsOf(state).find(action => action.keys.includes(key));

/** Of the thing the keys are about; what cannot be done now has its reason. */
function rowChoices(state: State): readonly Choice[] {
  if (placeOf(state).subject === undefined && cursorOf(state) === undefined) return [];
  const shown = actionsOf(state).filter(({isOfRow, keys}) => isOfRow?.(state) === true && keys.length > 0);
  return shown.map(({id, keys, title, when}) => ({key: keys[0]!, title, text: when?.(state) ?? '', does: {action: id}}));
}

/** A key as a person reads it. */
export const keyText = (key: string): string => ({' ': 'space', escape: 'esc', delete: 'del'})[key] ?? key;

/** The keys valid now, the page's own first; as many as fit are shown. */
export const footerKeys = (state: State): readonly {readonly key: string; readonly word: string; readonly isOff: boolean}[] =>
  actionsOf(state).flatMap(({keys, footer, when}) =>
    footer === undefined || keys[0] === undefined ? [] : [{key: keyText(keys[0]), word: footer, isOff: when?.(state) !== undefined}],
  );
