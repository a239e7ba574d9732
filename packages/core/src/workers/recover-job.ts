import {writeRecord, type JobRecord} from '../jobs/rules-record.ts';
import {groupOf} from '../jobs/rules-needs.ts';
import {addJobEffects} from '../jobs/store-effects.ts';
import type {JobStore} from '../jobs/store.ts';
import type {Attempt, JobSpec} from '../protocol/index.ts';
import type {Identity} from './agent-link.ts';

/** What a job is said to be whose record Redis lost: it ran, its output and result count, its spec is not known. */
const forgottenSpec: Extract<JobSpec, {kind: 'run'}> = {
  kind: 'run',
  labels: {recovered: 'true'},
  needs: {features: [], enforces: [], labels: {}, memoryBytes: 0, slots: 0, profile: 'open'},
  profile: 'open',
  secrets: [],
  graceMs: 10_000,
  retries: 0,
  priority: 0,
  ifLost: 'wait',
  idempotent: false,
  box: {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false},
  out: [],
};

/** A job of the agent's journal that Redis does not know is taken back instead of killed (R3, B7), if we sent it. Idempotent. */
export async function recoverJob(
  store: JobStore,
  identity: Identity,
  of: {readonly job: string; readonly attempt: Attempt},
  state: 'sent' | 'running',
): Promise<JobRecord | undefined> {
  if (!store.attemptIds.isOf(of.attempt.id, of.job, identity.worker)) return undefined;
  const {keys, clock} = store.rim;
  const record: JobRecord = {
    v: 1,
    id: of.job,
    tenant: identity.tenant,
    kind: 'run',
    actor: `worker:${identity.name}`,
    spec: forgottenSpec,
    attempt: of.attempt,
    state,
    group: groupOf(forgottenSpec.needs),
    worker: {id: identity.worker, name: identity.name},
    reason: {code: 'recovered', message: 'Redis had lost this job; its worker still had it.'},
    phases: [],
    tries: 0,
    createdAt: clock.now(),
    sentAt: clock.now(),
    ...(state === 'running' ? {startedAt: clock.now(), acceptedAt: clock.now()} : {}),
  };
  const context = store.context(`worker:${identity.name}`);
  const result = await store.rim.commit(change => {
    change.is('job', keys.job(record.id), '');
    addJobEffects(change, undefined, record, context);
  });
  if (!result.done) return JSON.parse(result.found) as JobRecord;
  store.committed(undefined, record, context);
  return JSON.parse(writeRecord(record)) as JobRecord;
}
