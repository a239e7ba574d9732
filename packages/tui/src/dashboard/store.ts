import {reduce} from './reduce.ts';
import type {Effect, Event, State} from './state.ts';

/** Holds the state; tells those who listen that it changed, at most once a turn of the event loop. */
export interface Store {
  getState(): State;
  dispatch(event: Event): void;
  subscribe(listener: () => void): () => void;
}

/** What a message, or a command with its time, may come of. */
const isTimed: Readonly<Partial<Record<Event['type'], true>>> = {key: true, said: true, done: true, opened: true, leader: true, told: true};

export function createStore(initial: State, perform: (effect: Effect) => void, now?: () => number): Store {
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
      // Between two ticks the state's clock is behind: what is said would be old before it was seen.
      if (now !== undefined && isTimed[event.type] === true) state = reduce(state, {type: 'ticked', now: now()}).state;
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
