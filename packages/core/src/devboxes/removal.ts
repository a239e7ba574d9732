import type {z} from 'zod';
import type {DevBoxView} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {type AcceptDeps, newJob} from '../jobs/store-prepare.ts';
import {mutateDevBox} from '../jobs/store-mutations.ts';
import {next} from '../jobs/rules.ts';
import {type JobRecord, hasEnded, versionPrefix} from '../jobs/rules-record.ts';
import {devboxMutation} from '../jobs/rules-spec-devbox.ts';
import {jobView} from '../jobs/rules-view.ts';
import {addDevBoxEffects, addJobEffects} from '../jobs/store-effects.ts';
import type {Caller, DevBoxService} from '../services.ts';
import {presenceOf} from '../workers/rules.ts';
import {parseTarget} from './rules-target.ts';
import type {DevBoxRecord} from './rules.ts';

interface Own {
  readonly find: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
  readonly view: (record: DevBoxRecord) => Promise<z.infer<typeof DevBoxView>>;
}

/** Removal is two jobs: stop now, and a removal that is held for the grace and may be taken back until it is sent (R22). */
export function createRemoval(deps: AcceptDeps, {find, view}: Own): Pick<DevBoxService, 'remove' | 'restore'> {
  const {store} = deps;
  return {
    remove: async (caller, devbox, request, key) => {
      if (request.forget === true) return {devbox: await view(await forget(deps, caller, await find(caller.tenant, devbox)))};
      const first = await find(caller.tenant, devbox);
      if (first.removal !== undefined && request.now !== true) return {devbox: await view(first)};
      if (first.worker === undefined) return removeUnplaced(deps, caller, {record: first, view});
      const accepted = await mutateDevBox(store, caller, () => find(caller.tenant, devbox), {
        build: record => buildRemoval(deps, caller, record, request.now === true),
        idempotency: key === undefined ? undefined : {key, request: {remove: first.id, ...request}},
      });
      const job = accepted.done === 'new' ? accepted.jobs[0] : await store.read(accepted.job);
      const after = await store.readDevBox(first.id);
      return {devbox: await view(after ?? first), ...(job === undefined ? {} : {job: jobView(job)})};
    },
    restore: async (caller, devbox) => {
      const record = await find(caller.tenant, devbox);
      if (record.removal === undefined) return view(record);
      const held = await store.read(record.removal.job);
      if (held?.state !== 'queued') throw new BoxyardError('CONFLICT', {what: `DevBox ${record.name}`, issue: 'is already being removed'});
      await store.step(held.id, {type: 'cancel', actor: caller.actor, reason: `restored by ${caller.actor}`}, {actor: caller.actor});
      return view(await find(caller.tenant, record.id));
    },
  };
}

/** What waits behind `busy` is dropped; the removal raises the generation when it is sent, so that late commands are refused. */
function buildRemoval(
  {store, timing}: AcceptDeps,
  caller: Caller,
  record: DevBoxRecord,
  isNow: boolean,
): {jobs: JobRecord[]; after: DevBoxRecord} {
  const target = {...parseTarget(record), generation: record.generation + 1};
  const at = store.rim.clock.now() + (isNow ? 0 : timing.removalGrace);
  const isFree = record.busy === undefined;
  const removal = newJob(store, caller, devboxMutation('devbox.remove', target), {
    devboxName: record.name,
    ...(isNow ? (isFree ? {} : {hold: 'devbox_busy' as const}) : {hold: 'removal_grace' as const, holdUntil: at}),
  });
  const base = {...record, v: record.v + 1, removal: {job: removal.id, at}};
  if (isNow) return {jobs: [removal], after: {...base, ...(isFree ? {busy: removal.id} : {queue: [removal.id]})}};
  const isStopped = record.seen?.state === 'exited' || record.seen?.state === 'gone';
  if (isStopped && isFree) return {jobs: [removal], after: {...base, queue: []}};
  const stop = newJob(store, caller, devboxMutation('devbox.stop', parseTarget(record)), {
    devboxName: record.name,
    ...(isFree ? {} : {hold: 'devbox_busy' as const}),
  });
  return {jobs: [stop, removal], after: {...base, ...(isFree ? {busy: stop.id, queue: []} : {queue: [stop.id]})}};
}

/** Nothing exists on a worker yet: the creation is cancelled, and the record ends with it. */
async function removeUnplaced(deps: AcceptDeps, caller: Caller, {record, view}: {record: DevBoxRecord; view: Own['view']}) {
  const before = await view(record);
  const creating = await deps.store.read(record.createJob);
  if (creating !== undefined && !hasEnded(creating))
    await deps.store.step(creating.id, {type: 'cancel', actor: caller.actor, reason: `removed by ${caller.actor}`}, {actor: caller.actor});
  const now = await deps.store.readDevBox(record.id);
  if (now?.worker !== undefined)
    throw new BoxyardError('CONFLICT', {what: `DevBox ${record.name}`, issue: 'was placed meanwhile', hint: 'Give the command again.'});
  if (now !== undefined) await endRecord(deps, caller, now);
  return {devbox: {...before, state: 'removing' as const}};
}

/** Ends the record of a box whose worker is gone and frees the quota; should the worker return, the box is offered for adoption. */
async function forget(deps: AcceptDeps, caller: Caller, record: DevBoxRecord): Promise<DevBoxRecord> {
  const worker = record.worker === undefined ? undefined : deps.table.get(record.worker.id)?.record;
  if (worker !== undefined && presenceOf(worker) === 'online')
    throw new BoxyardError('CONFLICT', {
      what: `DevBox ${record.name}`,
      issue: `is on ${worker.name}, which is connected`,
      hint: `boxyard devboxes remove ${record.name}`,
    });
  await endRecord(deps, caller, record);
  return record;
}

async function endRecord({store}: AcceptDeps, caller: Caller, record: DevBoxRecord): Promise<void> {
  const ids = [
    ...(record.busy === undefined ? [] : [record.busy]),
    ...record.queue,
    ...(record.removal === undefined ? [] : [record.removal.job]),
  ];
  const jobs = (await store.readMany([...new Set(ids)])).filter(job => job !== undefined && !hasEnded(job)) as JobRecord[];
  const context = store.context(caller.actor);
  const moment = store.moment();
  const result = await store.rim.commit(change => {
    change.is('devbox', store.rim.keys.devbox(record.id), versionPrefix(record.v));
    addDevBoxEffects(change, record, undefined, context);
    for (const job of jobs) {
      const after = next(job, {type: 'cancel', actor: caller.actor, reason: 'its DevBox was forgotten'}, moment);
      if (after === undefined) continue;
      change.is('job', store.rim.keys.job(job.id), versionPrefix(job.v));
      addJobEffects(change, job, after, context);
    }
  });
  if (!result.done)
    throw new BoxyardError('CONFLICT', {what: `DevBox ${record.name}`, issue: 'changed meanwhile', hint: 'Give the command again.'});
  store.forget();
}
