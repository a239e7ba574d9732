import {BoxyardError} from '../errors/index.ts';
import {type DevBoxRecord, mostWaiting} from '../devboxes/rules.ts';
import type {JobSpec} from '../protocol/index.ts';
import type {Caller} from '../services.ts';
import {newJob} from './store-prepare.ts';
import type {JobRecord} from './rules-record.ts';
import {type Accepted, type Idempotency, acceptJobs} from './store-accept.ts';
import type {JobStore} from './store.ts';

/** Takes `busy`, or queues behind it; at most 8 wait (R22). */
export function enqueue(store: JobStore, caller: Caller, devbox: DevBoxRecord, spec: JobSpec): {job: JobRecord; after: DevBoxRecord} {
  if (devbox.queue.length >= mostWaiting) throw new BoxyardError('DEVBOX_BUSY', {devbox: devbox.name, job: devbox.busy});
  const isFree = devbox.busy === undefined;
  const job = newJob(store, caller, spec, {devboxName: devbox.name, ...(isFree ? {} : {hold: 'devbox_busy' as const})});
  const after = {...devbox, v: devbox.v + 1, ...(isFree ? {busy: job.id} : {queue: [...devbox.queue, job.id]})};
  return {job, after};
}

export interface Mutation {
  readonly jobs: readonly JobRecord[];
  readonly after: DevBoxRecord;
}

const mostTries = 10;

/** Builds the change from the newest record and accepts it; built again where another change came between. */
export async function mutateDevBox(
  store: JobStore,
  caller: Caller,
  read: () => Promise<DevBoxRecord>,
  more: {readonly build: (devbox: DevBoxRecord) => Mutation; readonly idempotency?: Idempotency | undefined},
): Promise<Exclude<Accepted, {done: 'again'}>> {
  for (let tries = 0; tries < mostTries; tries++) {
    const before = await read();
    const {jobs, after} = more.build(before);
    const accepted = await acceptJobs(store, {
      tenant: caller.tenant,
      actor: caller.actor,
      jobs,
      idempotency: more.idempotency,
      devbox: {before, after},
    });
    if (accepted.done !== 'again') return accepted;
  }
  throw new BoxyardError('CONFLICT', {what: 'The DevBox', issue: 'changes faster than it can be read'});
}
