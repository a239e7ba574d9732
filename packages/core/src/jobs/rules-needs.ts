import {createHash} from 'node:crypto';
import type {Needs} from '../protocol/index.ts';

/** Memory in a class is the next power of two, so that jobs of about one size share a waiting set. */
export function memoryClass(bytes: number): number {
  let size = 64 * 1024 * 1024;
  if (bytes <= 0) return 0;
  while (size < bytes) size *= 2;
  return size;
}

/** The hard needs in one order: two jobs with equal ones wait in one set, one after the other. */
export function normaliseNeeds(needs: Needs): Needs {
  const sorted = <T extends string>(list: readonly T[]): T[] => [...new Set(list)].toSorted();
  return {
    ...(needs.engine === undefined ? {} : {engine: needs.engine}),
    ...(needs.worker === undefined ? {} : {worker: needs.worker}),
    ...(needs.platform === undefined ? {} : {platform: needs.platform}),
    features: sorted(needs.features),
    enforces: sorted(needs.enforces),
    labels: Object.fromEntries(Object.entries(needs.labels).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    memoryBytes: memoryClass(needs.memoryBytes),
    slots: needs.slots,
    profile: needs.profile,
  };
}

/** The needs class: the name of the waiting set (R13). */
export function groupOf(needs: Needs): string {
  const text = JSON.stringify(normaliseNeeds(needs));
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 20).replaceAll('-', '.');
  return needs.worker === undefined ? hash : `${needs.worker}_${hash}`;
}

/** The worker that a class names, if it does. */
export const workerOfGroup = (group: string): string | undefined => /^(w-[a-z2-7]{26})_/.exec(group)?.[1];

/** Different classes that may wait in one tenant, not counting those that name a worker (R13). */
export const mostGroups = 1_000;

interface Waiting {
  readonly createdAt: number;
  readonly priority: number;
  /** Among its parent's children. */
  readonly index: number;
}

/** So little that children go before what came a few milliseconds later; a double keeps it beside a time of today. */
const INDEX_MS = 1 / 2048;

/** Place in the set: one step of priority is worth `ageingMs` of waiting, and children go in their order. Lower is earlier. */
export const waitingScore = ({createdAt, priority, index}: Waiting, ageingMs: number): number =>
  createdAt + index * INDEX_MS - priority * ageingMs;
