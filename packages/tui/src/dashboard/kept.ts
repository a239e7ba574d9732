import {join} from 'node:path';
import {readPrivate, writePrivate, type Paths} from '@boxyard/core/config';
import {safeLine} from '../output/safe-text.ts';
import {noMemory, pageNames, type Memory} from './places.ts';
import type {State} from './state.ts';
import type {Store} from './store.ts';

/** What a person had set up on each page, by server: the next start has it again. */
export type Kept = Pick<State, 'memory'>;

const fileOf = (paths: Paths): string => join(paths.state, 'dashboard.json');

/** What was kept for this server; whatever is not understood is as if it was not there. */
export function readKept(paths: Paths, server: string): Kept | undefined {
  const kept = allKept(paths)[server];
  if (typeof kept !== 'object' || kept === null) return undefined;
  const known = Object.entries(kept).filter(([page]) => pageNames.some(name => name === page));
  return {memory: Object.fromEntries(known.map(([page, part]) => [page, memoryFrom(part)]))};
}

/** What is of another kind than it should be is as if it was not there: anything may stand in a file. */
function memoryFrom(part: unknown): Memory {
  const {cursor, filter, sort, pane, top, tab} = (typeof part === 'object' && part !== null ? part : {}) as Record<keyof Memory, unknown>;
  return {
    ...noMemory,
    ...(isShort(cursor) ? {cursor} : {}),
    ...(isShort(filter) ? {filter: safeLine(filter)} : {}),
    ...(isSort(sort) ? {sort: {column: sort.column, isReversed: sort.isReversed}} : {}),
    ...(pane === 'side' ? {pane} : {}),
    ...(isCount(top) ? {top} : {}),
    ...(isCount(tab) ? {tab} : {}),
  };
}

const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= 1_000;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 10_000;
const isSort = (value: unknown): value is NonNullable<Memory['sort']> =>
  typeof value === 'object' &&
  value !== null &&
  isShort((value as Memory['sort'])?.column) &&
  typeof (value as Memory['sort'])?.isReversed === 'boolean';

function allKept(paths: Paths): Record<string, unknown> {
  try {
    return parsed(readPrivate(fileOf(paths)));
  } catch {
    return {};
  }
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

/** Writes it a moment after it changed, and at the end; where that cannot be it is said once. Returns what ends it. */
export function keepPlaces(paths: Paths, store: Store): () => void {
  let {memory} = store.getState();
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;
  const write = () => {
    timer = undefined;
    try {
      writeKept(paths, store.getState());
    } catch (error) {
      if (!hasFailed)
        store.dispatch({type: 'said', text: `The next start will not know this one: ${(error as Error).message}`, isError: false});
      hasFailed = true;
    }
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
