import {forgottenSpec, isForgotten, specOf} from '../jobs/rules-recovered.ts';
import {isOnWorker, recordOf, writeRecord, type JobRecord} from '../jobs/rules-record.ts';
import {groupOf} from '../jobs/rules-needs.ts';
import {addJobEffects} from '../jobs/store-effects.ts';
import type {JobStore} from '../jobs/store.ts';
import type {Attempt, FromAgent} from '../protocol/index.ts';
import type {AgentLink, Identity} from './agent-link.ts';

type Of = {readonly job: string; readonly attempt: Attempt};
type Told = Extract<FromAgent, {type: 'job.told'}>;

/**
 * A job of the agent's journal that Redis does not know is taken back instead of killed (R3, B7), if we sent it, and its agent
 * asked what it was. Idempotent.
 */
export async function recoverJob(store: JobStore, link: AgentLink, of: Of, state: 'sent' | 'running'): Promise<JobRecord | undefined> {
  const record = await takeBack(store, link.identity, of, state);
  if (record !== undefined && isForgotten(record.spec)) link.send({type: 'job.ask', job: of.job, attempt: of.attempt});
  return record;
}

/** What a forgotten job is, from the one that runs it; what is known already is not changed by anybody's word. */
export async function onTold(store: JobStore, {identity}: AgentLink, {job, attempt, start}: Told): Promise<void> {
  const record = await store.read(job);
  const isOwn = record?.worker?.id === identity.worker && record.attempt.id === attempt.id;
  const spec = isOwn ? specOf(start) : undefined;
  if (record === undefined || spec === undefined) return;
  const {keys} = store.rim;
  const room = {slots: spec.needs.slots, memory: spec.needs.memoryBytes};
  await store.step(
    job,
    {type: 'told', spec, engine: start.engine},
    {
      actor: `worker:${identity.name}`,
      add: (change, before) => {
        if (isOnWorker(before)) change.pass({held: keys.held(identity.worker), used: keys.used(identity.worker)}, job, {who: job, room});
      },
    },
  );
}

async function takeBack(store: JobStore, identity: Identity, of: Of, state: 'sent' | 'running'): Promise<JobRecord | undefined> {
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
  if (!result.done) return recordOf(record.id, result.found);
  store.committed(undefined, record, context);
  return JSON.parse(writeRecord(record)) as JobRecord;
}
