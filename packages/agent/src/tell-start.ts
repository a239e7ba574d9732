import {MAX_CONTROL_BYTES, type FromAgent, type FromServer} from '@boxyard/core/protocol';
import type {Journal} from './journal.ts';

/** What a job is whose record the server lost: as it was sent. Undefined for one that is not held, or too large for a frame. */
export function toldStart(journal: Pick<Journal, 'find'>, {job, attempt}: Extract<FromServer, {type: 'job.ask'}>): FromAgent | undefined {
  const row = journal.find(job);
  if (row?.attempt.id !== attempt.id) return undefined;
  const {kind, engine, profile, steps, timeoutMs, graceMs, devbox, generation} = row.start;
  const start = {kind, engine, profile, steps, timeoutMs, graceMs, devbox, generation};
  return JSON.stringify(start).length < MAX_CONTROL_BYTES / 2 ? {type: 'job.told', job, attempt, start} : undefined;
}
