import {MAX_CONTROL_BYTES, type FromAgent, type FromServer} from '@boxyard/core/protocol';
import type {Journal} from './journal.ts';

type Asked = Extract<FromServer, {type: 'job.ask'}>;

/**
 * What a job is whose record the server lost: as it was sent, unless that is too large for a frame, and how it ended, if it has.
 * Nothing for one that is not held.
 */
export function tellAbout(journal: Pick<Journal, 'find' | 'findRecent'>, {job, attempt}: Asked): FromAgent[] {
  const row = journal.find(job) ?? journal.findRecent(job);
  if (row?.attempt.id !== attempt.id) return [];
  const {kind, engine, profile, steps, timeoutMs, graceMs, devbox, generation} = row.start;
  const start = {kind, engine, profile, steps, timeoutMs, graceMs, devbox, generation};
  const fits = JSON.stringify(start).length < MAX_CONTROL_BYTES / 2;
  return [...(fits ? [{type: 'job.told' as const, job, attempt, start}] : []), ...(row.result === undefined ? [] : [row.result])];
}
