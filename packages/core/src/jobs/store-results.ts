import type {Blobs} from '../blobs/blobs.ts';
import {type ResultRef, resultRef} from '../blobs/rules-results.ts';
import type {JobRecord} from './rules-record.ts';
import type {StepResult} from './store.ts';

/**
 * Stores a result that a job, or its worker, says came of an attempt, then steps; what the record does not name after that, or names no
 * more, is removed. So whoever says two things at once is held to the one that was taken.
 */
export async function keepResult(
  {files}: Pick<Blobs, 'files'>,
  {record: {tenant, id, attempt}, json}: {readonly record: Pick<JobRecord, 'tenant' | 'id' | 'attempt'>; readonly json: string},
  step: (ref: ResultRef) => Promise<StepResult>,
): Promise<StepResult> {
  const ref = resultRef(attempt.number, json);
  await files.writeResult(tenant, id, ref, json);
  const stepped = await step(ref);
  if (stepped === undefined || !('after' in stepped)) return stepped;
  const {before, after} = stepped;
  if (after.result?.hash !== ref.hash) await files.dropResult(tenant, id, ref);
  if (before.result !== undefined && before.result.hash !== after.result?.hash) await files.dropResult(tenant, id, before.result);
  return stepped;
}
