import type {Change} from './rules-merge.ts';

/** Changes of watched folders that no run of the role was started for yet. `v` comes first in its JSON and only rises. */
export interface Watch {
  readonly v: number;
  readonly tenant: string;
  /** Paths as people write them, with what happened last. */
  readonly files: Readonly<Record<string, Change['is']>>;
  /** Changes left out of `files`, which is bounded. */
  readonly more: number;
  /** When the first and the last of them were made (ms). */
  readonly first: number;
  readonly last: number;
  /** What a run is being started for; its number is the run's key. */
  readonly firing?: {readonly id: number; readonly files: Watch['files']; readonly more: number} | undefined;
}

const DEBOUNCE_MS = 5_000;
/** Changes that never cease start a run all the same. */
const LONGEST_MS = 60_000;
const MOST_FILES = 1_000;
const MOST_BYTES = 48 * 1024;

/** When a run is to be started for what was noted; undefined where nothing waits. */
export function watchDue({files, first, last, firing}: Watch): number | undefined {
  if (firing !== undefined) return last;
  return Object.keys(files).length === 0 ? undefined : Math.min(last + DEBOUNCE_MS, first + LONGEST_MS);
}

/** The record with these changes in it. Pure. */
export function noted(before: Watch | undefined, {tenant, changes, now}: {tenant: string; changes: readonly Change[]; now: number}): Watch {
  const known = before?.files ?? {};
  const files: Record<string, Change['is']> = {...known};
  let bytes = Object.keys(files).reduce((sum, path) => sum + Buffer.byteLength(path) + 4, 0);
  let more = before?.more ?? 0;
  for (const {path, is} of changes) {
    const own = path in files ? 0 : Buffer.byteLength(path) + 4;
    const fits = own === 0 || (Object.keys(files).length < MOST_FILES && bytes + own <= MOST_BYTES);
    if (fits) files[path] = is;
    else more += 1;
    bytes += fits ? own : 0;
  }
  const first = Object.keys(known).length === 0 ? now : before!.first;
  return {v: (before?.v ?? 0) + 1, tenant, files, more, first, last: now, ...(before?.firing && {firing: before.firing})};
}

/** What is noted is to be fired: from here on a change belongs to the next run. */
export const begun = (watch: Watch): Watch => ({
  ...watch,
  v: watch.v + 1,
  files: {},
  more: 0,
  firing: {id: watch.v + 1, files: watch.files, more: watch.more},
});

/** The run was accepted, or refused. */
export const fired = ({firing: _firing, ...watch}: Watch): Watch => ({...watch, v: watch.v + 1});

/** Whether a path lies at or under one of those that are watched; both as people write them. */
export const isWatched = (watched: readonly string[], path: string): boolean =>
  watched.some(each => {
    const plain = each.replace(/\/+$/, '');
    return path === plain || path.startsWith(`${plain}/`);
  });

/** What is looked at when a role's watch is due. */
export const watchThing = (cluster: string, role: string): string => `f:${cluster}:${role}`;
/** What is looked at when a folder, or with `*` all of a cluster, has been kept long enough. */
export const keptThing = (cluster: string, folder: string): string => `k:${cluster}:${folder}`;
