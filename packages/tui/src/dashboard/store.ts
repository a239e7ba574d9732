import {reduce} from './reduce.ts';
import type {Effect, Event, State} from './state.ts';

/** Holds the state; tells those who listen that it changed, at most once a turn of the event loop. */
export interface Store {
  getState(): State;
  dispatch(event: Event): void;
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: State, perform: (effect: Effect) => void): Store {
  let state = initial;
  let isTelling = false;
  const listeners = new Set<() => void>();
  const tell = () => {
    isTelling = false;
    for (const listener of listeners) listener();
  };
  return {
    getState: () => state,
    dispatch(event) {
      const step = reduce(state, event);
      const isChanged = step.state !== state;
      state = step.state;
      step.effects.forEach(perform);
      if (!isChanged || isTelling) return;
      isTelling = true;
      setImmediate(tell);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
