import type {z} from 'zod';
import type {Totals} from '../api/index.ts';
import type {JobOutcome} from './rules-record.ts';

export type ChildTotals = z.infer<typeof Totals>;

export const newTotals = (total: number): ChildTotals => ({
  total,
  queued: total,
  running: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  lost: 0,
});

export const openChildren = (totals: ChildTotals): number => totals.queued + totals.running;

export interface ParentEnd {
  readonly outcome: JobOutcome;
  readonly partial: boolean;
  readonly exitCode: number;
}

/** The parent's end as a function of its children's: all must succeed; some is `partial` and exit 7, none is exit 1. */
export function parentEnd(totals: ChildTotals, isCancelled: boolean): ParentEnd {
  const {total, succeeded} = totals;
  if (succeeded === total) return {outcome: 'succeeded', partial: false, exitCode: 0};
  const partial = succeeded > 0;
  const exitCode = partial ? 7 : 1;
  if (isCancelled && totals.cancelled > 0) return {outcome: 'cancelled', partial, exitCode};
  return {outcome: 'failed', partial, exitCode};
}
