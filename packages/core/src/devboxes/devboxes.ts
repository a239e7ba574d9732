import type {z} from 'zod';
import type {DevBoxView, JobView} from '../api/index.ts';
import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {type AcceptDeps, newJob, prepare, refused, specContext, withKnownSecrets} from '../jobs/store-prepare.ts';
import {enqueue, mutateDevBox} from '../jobs/store-mutations.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import {devboxMutation, snapshotSpec} from '../jobs/rules-spec-devbox.ts';
import {devboxSpec} from '../jobs/rules-spec.ts';
import {jobView} from '../jobs/rules-view.ts';
import {acceptJobs} from '../jobs/store-accept.ts';
import type {JobSpec} from '../protocol/index.ts';
import type {Caller, DevBoxService} from '../services.ts';
import {presenceOf} from '../workers/rules.ts';
import {adopt} from './adopt.ts';
import {createRemoval} from './removal.ts';
import {parseTarget} from './rules-target.ts';
import {devboxView} from './rules-view.ts';
import type {DevBoxRecord} from './rules.ts';
import {getDevBox, listDevBoxes} from './store.ts';

type View = z.infer<typeof DevBoxView>;
type Job = z.infer<typeof JobView>;

export function createDevBoxService(deps: AcceptDeps): Omit<DevBoxService, 'stats'> {
  const {store, table} = deps;
  const find = (tenant: string, devbox: string) => getDevBox(store.rim, tenant, devbox);

  const view = async (record: DevBoxRecord): Promise<View> => {
    const busy = record.busy === undefined ? undefined : await store.get(record.busy);
    const worker = record.worker === undefined ? undefined : table.get(record.worker.id)?.record;
    return devboxView(record, busy, worker === undefined ? (record.worker === undefined ? undefined : 'lost') : presenceOf(worker));
  };
  const jobOf = async (id: string): Promise<Job> => jobView((await store.read(id)) ?? missing(id));

  const mutate = async (
    caller: Caller,
    devbox: string,
    spec: (record: DevBoxRecord) => JobSpec,
    more: {key?: string | undefined; request: unknown},
  ): Promise<Job> => {
    const accepted = await mutateDevBox(store, caller, () => find(caller.tenant, devbox), {
      build: record => {
        refuseRemoved(record);
        const {job, after} = enqueue(store, caller, record, spec(record));
        return {jobs: [job], after};
      },
      idempotency: more.key === undefined ? undefined : {key: more.key, request: more.request},
    });
    return accepted.done === 'new' ? jobView(accepted.jobs[0]!) : jobOf(accepted.job);
  };

  return {
    create: (caller, request, key) => create(deps, caller, {request, key, view, jobOf}),
    list: async tenant => ({items: await Promise.all((await listDevBoxes(store.rim, tenant)).map(view))}),
    show: async (tenant, devbox) => view(await find(tenant, devbox)),
    start: (caller, devbox, key) =>
      mutate(caller, devbox, record => devboxMutation('devbox.start', parseTarget(record)), {key, request: {start: devbox}}),
    stop: (caller, devbox, graceMs, key) =>
      mutate(caller, devbox, record => devboxMutation('devbox.stop', parseTarget(record), graceMs), {
        key,
        request: {stop: devbox, graceMs},
      }),
    snapshot: (caller, devbox, request, key) =>
      mutate(
        caller,
        devbox,
        record => {
          needFeature(table, record, 'snapshot');
          return snapshotSpec(request, parseTarget(record));
        },
        {key, request: {snapshot: devbox, ...request}},
      ),
    ...createRemoval(deps, {find, view}),
    adopt: async (caller, request) => view(await adopt(deps, caller, request)),
  };
}

function refuseRemoved(record: DevBoxRecord): void {
  if (record.removal !== undefined)
    throw new BoxyardError('CONFLICT', {
      what: `DevBox ${record.name}`,
      issue: 'is being removed',
      hint: `boxyard devboxes restore ${record.name}`,
    });
}

/** A DevBox stays on its worker and engine: what that cannot do will not be possible later either. */
function needFeature(table: AcceptDeps['table'], {worker, engine}: DevBoxRecord, feature: string): void {
  const engines = worker === undefined ? undefined : table.get(worker.id)?.record.registration?.engines;
  const features = engines?.find(each => each.name === engine && each.usable)?.features;
  if (features !== undefined && !features.includes(feature))
    throw new BoxyardError('UNSUPPORTED', {what: `A ${feature}`, by: `the engine ${engine}`, hint: 'Take a DevBox on podman or docker.'});
}

function missing(id: string): never {
  throw new BoxyardError('NOT_FOUND', {what: 'job', name: id});
}

interface Creation {
  readonly request: Parameters<DevBoxService['create']>[1];
  readonly key: string | undefined;
  readonly view: (record: DevBoxRecord) => Promise<View>;
  readonly jobOf: (id: string) => Promise<Job>;
}

/** Name and the plan's limit are taken in the same step as the job is accepted. */
async function create(deps: AcceptDeps, caller: Caller, {request, key, view, jobOf}: Creation): Promise<{devbox: View; job: Job}> {
  const {store} = deps;
  const id = newId('d');
  const context = await specContext(deps, caller, request.worker);
  const spec = (await withKnownSecrets(deps, caller.tenant, devboxSpec(request, id, context))) as DevBoxRecord['spec'];
  const job = newJob(store, caller, spec, {devboxName: request.name});
  const record = newRecord(caller, job, spec);
  const undo = await prepare(deps, job, request);
  const {limits} = await deps.tenants.get(caller.tenant);
  const accepted = await acceptJobs(store, {
    tenant: caller.tenant,
    actor: caller.actor,
    jobs: [job],
    devbox: {after: record, limit: limits.devboxes},
    idempotency: key === undefined ? undefined : {key, request},
  }).catch((error: unknown) => refused(error, undo));
  if (accepted.done === 'new') return {devbox: await view(record), job: jobView(job)};
  await undo();
  if (accepted.done === 'again') throw new BoxyardError('CONFLICT', {what: `DevBox ${request.name}`, issue: 'changed meanwhile'});
  return {devbox: await view(await getDevBox(store.rim, caller.tenant, accepted.devbox ?? request.name)), job: await jobOf(accepted.job)};
}

const newRecord = (caller: Caller, job: JobRecord, spec: DevBoxRecord['spec']): DevBoxRecord => ({
  v: 1,
  id: spec.devbox,
  tenant: caller.tenant,
  name: spec.devboxName,
  actor: caller.actor,
  spec,
  generation: spec.generation,
  busy: job.id,
  queue: [],
  createJob: job.id,
  createdAt: job.createdAt,
});
