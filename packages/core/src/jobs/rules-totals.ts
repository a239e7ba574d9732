import type {z} from 'zod';
import type {Totals} from '../api/index.ts';
import type {FanOut} from '../protocol/index.ts';
import type {JobOutcome} from './rules-record.ts';

export type ChildTotals = z.infer<typeof Totals>;
type Policy = Pick<FanOut, 'failurePolicy' | 'failFast'>;

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

/** How many must succeed. */
function neededOf({failurePolicy = 'all'}: Policy, total: number): number {
  if (typeof failurePolicy === 'object') return failurePolicy.quorum;
  return failurePolicy === 'all' ? total : 1;
}

/** Whether children may be left that nobody needs any more. */
export const isBounded = ({failurePolicy, failFast}: Policy): boolean =>
  failurePolicy === 'first' || (failFast === true && failurePolicy !== 'best-effort');

/** The end that is certain whatever the children that are left do, where it lets them be cancelled. */
export function verdict(policy: Policy, totals: ChildTotals): 'succeeded' | 'failed' | undefined {
  const open = openChildren(totals);
  if (!isBounded(policy) || open === 0) return undefined;
  const needed = neededOf(policy, totals.total);
  if (totals.succeeded >= needed) return 'succeeded';
  return totals.succeeded + open < needed ? 'failed' : undefined;
}

/**
 * The parent's end as a function of its children's and of its policy: some but not all succeeded is `partial` and exit 7, none
 * is exit 1. Those that were cancelled because enough had succeeded are not missed.
 */
export function parentEnd(
  totals: ChildTotals,
  policy: Policy,
  {isCancelled, verdict: certain}: {readonly isCancelled: boolean; readonly verdict?: 'succeeded' | 'failed' | undefined},
): ParentEnd {
  const {total, succeeded, cancelled} = totals;
  const unneeded = certain === 'succeeded' && !isCancelled ? cancelled : 0;
  if (succeeded > 0 && succeeded + unneeded === total) return {outcome: 'succeeded', partial: false, exitCode: 0};
  const partial = succeeded > 0;
  const exitCode = partial ? 7 : 1;
  if (isCancelled && cancelled > 0) return {outcome: 'cancelled', partial, exitCode};
  return {outcome: succeeded >= neededOf(policy, total) ? 'succeeded' : 'failed', partial, exitCode};
}
