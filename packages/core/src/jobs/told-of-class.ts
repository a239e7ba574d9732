import {type JobRecord, isWaiting} from './rules-record.ts';
import {heads} from './store-waiting.ts';
import type {JobStore} from './store.ts';

/**
 * The records with why they wait: placement tells it to the first of a class, and what keeps that one waiting keeps those behind
 * it, which need the same.
 */
export async function toldOfClass(store: JobStore, records: readonly JobRecord[]): Promise<JobRecord[]> {
  const classOf = ({tenant, group}: JobRecord) => `${tenant} ${group}`;
  const untold = records.filter(record => isWaiting(record) && record.refusals === undefined);
  const first = new Map(untold.map(record => [classOf(record), record]));
  const told = new Map(
    await Promise.all(
      [...first].map(async ([key, {tenant, group}]) => {
        const [head] = await heads(store, tenant, group, 1);
        return [key, head?.record.refusals] as const;
      }),
    ),
  );
  return records.map(record => (untold.includes(record) ? {...record, refusals: told.get(classOf(record))} : record));
}
