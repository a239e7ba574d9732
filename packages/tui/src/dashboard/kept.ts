import {join} from 'node:path';
import {readPrivate, writePrivate, type Paths} from '@boxyard/core/config';
import {noMemory, pageNames, type Memory} from './places.ts';
import type {State} from './state.ts';
import type {Store} from './store.ts';

/** What a person had set up on each page, by server: the next start has it again. */
export type Kept = Pick<State, 'memory'>;

const fileOf = (paths: Paths): string => join(paths.state, 'dashboard.json');

/** What was kept for this server; whatever is not understood is as if it was not there. */
export function readKept(paths: Paths, server: string): Kept | undefined {
  const kept = parsed(readPrivate(fileOf(paths)))[server];
  if (typeof kept !== 'object' || kept === null) return undefined;
  const known = Object.entries(kept).filter(([page]) => pageNames.some(name => name === page));
  return {memory: Object.fromEntries(known.map(([page, part]) => [page, {...noMemory, ...(part as Partial<Memory>), marks: []}]))};
}

function writeKept(paths: Paths, {server, memory}: State): void {
  const all = parsed(readPrivate(fileOf(paths)));
  writePrivate(fileOf(paths), JSON.stringify({...all, [server]: memory}));
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const keepMs = 1_000;

/** Writes it a moment after it changed, and at the end. Returns what ends it. */
export function keepPlaces(paths: Paths, store: Store): () => void {
  let {memory} = store.getState();
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    writeKept(paths, store.getState());
  };
  const unsubscribe = store.subscribe(() => {
    const state = store.getState();
    if (state.memory === memory) return;
    ({memory} = state);
    timer ??= setTimeout(write, keepMs);
  });
  return () => {
    unsubscribe();
    if (timer === undefined) return;
    clearTimeout(timer);
    write();
  };
}
