import type {Gap} from '../protocol/index.ts';

export const mostGaps = 10_000;
export const mostGapBytes = 1024 ** 4;

/**
 * The same gaps in as few as say it, in order: touching or overlapping ones of a reason become one, and bytes that two reasons
 * name count for the one that begins first. `engine-log` names bytes that are here, so it cuts nothing and is not cut. Pure.
 */
export function mergeGaps(gaps: readonly Gap[]): Gap[] {
  const lasts = new Map<string, Gap>();
  const merged: Gap[] = [];
  for (const gap of gaps.toSorted((a, b) => a.from - b.from)) {
    const kind = `${gap.stream} ${gap.reason === 'engine-log'}`;
    const last = lasts.get(kind);
    const isOne = last !== undefined && last.reason === gap.reason && gap.from <= last.to;
    if (isOne) {
      last.to = Math.max(last.to, gap.to);
      continue;
    }
    const kept = {...gap, from: Math.max(gap.from, last?.to ?? 0)};
    if (kept.from >= kept.to) continue;
    lasts.set(kind, kept);
    merged.push(kept);
  }
  return merged;
}
