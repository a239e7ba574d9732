import type {z} from 'zod';
import {type Timing} from '../config/index.ts';
import {entryOf} from '../errors/index.ts';
import type {WireError} from '../protocol/index.ts';
import type {JobRecord} from './rules-record.ts';

export type FailureKind = 'infrastructure' | 'user';

/** Tries that a fault of a machine gets, whatever was asked. */
const infrastructureTries = 3;

/** A fault the same request may survive elsewhere or later (engine, registry, disk), or one that it will always meet. */
export const failureKind = (error: z.infer<typeof WireError>): FailureKind =>
  entryOf(error.code).blame === 'environment' && entryOf(error.code).retryable ? 'infrastructure' : 'user';

/**
 * Whether another attempt is due. A fault before the command ran costs nothing to repeat; after that only what was declared
 * idempotent, or what the requester asked to retry, runs again.
 */
export function mayRetry(record: JobRecord, failure: FailureKind | 'lost'): boolean {
  if (record.cancel !== undefined) return false;
  const asked = record.spec.retries;
  if (failure === 'user') return record.tries < asked;
  const isSafe = record.startedAt === undefined || record.spec.idempotent || asked > 0;
  const tries = failure === 'lost' && record.spec.ifLost === 'retry' ? Math.max(infrastructureTries, asked) : infrastructureLimit(record);
  return isSafe && record.tries < tries;
}

const infrastructureLimit = (record: JobRecord): number => Math.max(infrastructureTries - 1, record.spec.retries);

/** Exponential with full jitter; `chance` is 0 to 1. Never under a tenth, so that a retry is no spin. */
export function backOffMs(tries: number, chance: number, timing: Pick<Timing, 'retryFirst' | 'retryMost'>): number {
  const most = Math.min(timing.retryMost, timing.retryFirst * 2 ** Math.min(tries, 30));
  return Math.round(most * (0.1 + 0.9 * chance));
}
