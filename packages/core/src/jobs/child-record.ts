import {newAttemptId} from '../config/index.ts';
import type {JobId, JobSpec} from '../protocol/index.ts';
import {groupOf} from './rules-needs.ts';
import type {JobRecord} from './rules-record.ts';

interface Wanted {
  readonly id: string;
  readonly spec: JobSpec;
  /** In ms since 1970. */
  readonly now: number;
}

/** A job of a parent as it begins: whose it is and what started it are the parent's. */
export const childRecord = (parent: JobRecord, {id, spec, now}: Wanted): JobRecord => ({
  v: 1,
  id: id as JobId,
  tenant: parent.tenant,
  kind: spec.kind,
  ...(parent.name === undefined ? {} : {name: parent.name}),
  actor: parent.actor,
  spec,
  attempt: {number: 1, id: newAttemptId()},
  state: 'queued',
  group: groupOf(spec.needs),
  phases: [],
  tries: 0,
  parent: parent.id,
  ...(parent.origin === undefined ? {} : {origin: parent.origin}),
  createdAt: now,
  ...(spec.queueTimeoutMs === undefined ? {} : {queueUntil: now + spec.queueTimeoutMs}),
});
