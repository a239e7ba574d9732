import {useSyncExternalStore} from 'react';
import {useInput} from 'ink';
import {DashboardScreen} from './DashboardScreen.tsx';
import {keyNames} from './keys.ts';
import type {Store} from './store.ts';

/** The root: keys go into the store, the state comes out. */
export function Dashboard({store}: {readonly store: Store}) {
  const state = useSyncExternalStore(store.subscribe, store.getState);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) store.dispatch({type: 'key', key: name});
  });
  return <DashboardScreen state={state} />;
}
