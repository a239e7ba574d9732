import type {State} from './state.ts';
import type {Store} from './store.ts';

const quietTickMs = 15_000;
const busyTickMs = 1_000;

const paceOf = ({link, unread, isMessageShown}: State): number =>
  link.status === 'offline' || unread !== undefined || isMessageShown ? busyTickMs : quietTickMs;

/** Time moves on the screen only where something on it counts seconds. Returns what stops it. */
export function keepClock(store: Store): () => void {
  let timer: NodeJS.Timeout | undefined;
  let pace = 0;
  const next = () => {
    clearTimeout(timer);
    pace = paceOf(store.getState());
    timer = setTimeout(() => {
      store.dispatch({type: 'ticked', now: Date.now()});
      next();
    }, pace);
  };
  const unsubscribe = store.subscribe(() => {
    if (paceOf(store.getState()) < pace) next();
  });
  next();
  return () => {
    unsubscribe();
    clearTimeout(timer);
  };
}
