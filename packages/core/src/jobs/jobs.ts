import type {z} from 'zod';
import type {JobView, JobsQuery} from '../api/index.ts';
import {parseTarget} from '../devboxes/rules-target.ts';
import type {DevBoxRecord} from '../devboxes/rules.ts';
import {BoxyardError} from '../errors/index.ts';
import type {JobSpec} from '../protocol/index.ts';
import type {Caller, JobService} from '../services.ts';
import {type AcceptDeps, fanTargets, newJob, prepare, specContext, withKnownSecrets} from './accept.ts';
import {hasEnded, type JobRecord} from './rules-record.ts';
import {buildSpec, execSpec, pullSpec, removeImageSpec, runSpec} from './rules-spec.ts';
import {jobView} from './rules-view.ts';
import {acceptJobs} from './store-accept.ts';
import {getJob, listJobs, readTotals} from './store-lists.ts';
import type {JobWatchers} from './watchers.ts';

export interface JobServiceDeps extends AcceptDeps {
  readonly watchers: JobWatchers;
  /** By name or id; `NOT_FOUND` also for another tenant's. */
  readonly getDevBox: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
}

type View = z.infer<typeof JobView>;

export function createJobService(deps: JobServiceDeps): JobService {
  const {store} = deps;

  const view = async (record: JobRecord): Promise<View> => {
    const [totals] = record.fan === undefined ? [] : await readTotals(store, [record.id]);
    const have = record.sentAt === undefined ? undefined : await deps.blobs.output.have(record.tenant, record.id, record.attempt.number);
    return jobView(record, {totals, have});
  };

  const submit = async (
    caller: Caller,
    spec: JobSpec,
    more: {key?: string | undefined; request: unknown; secretEnv?: Readonly<Record<string, string>> | undefined; devboxName?: string},
  ): Promise<View> => {
    const complete = await withKnownSecrets(deps, caller.tenant, spec);
    const fan = fanTargets(complete, deps, caller.tenant);
    const job = newJob(store, caller, complete, {
      ...(fan === undefined ? {} : {fan: {...fan, made: 0}, hold: 'children' as const}),
      ...(more.devboxName === undefined ? {} : {devboxName: more.devboxName}),
    });
    const undo = await prepare(deps, job, more.secretEnv);
    const accepted = await acceptJobs(store, {
      tenant: caller.tenant,
      actor: caller.actor,
      jobs: [job],
      idempotency: more.key === undefined ? undefined : {key: more.key, request: more.request},
    }).catch(async (error: unknown) => {
      await undo().catch(() => undefined);
      throw error;
    });
    if (accepted.done === 'new') return fan === undefined ? jobView(job) : view(job);
    await undo();
    if (accepted.done === 'again') throw new BoxyardError('CONFLICT', {what: 'This', issue: 'changed meanwhile'});
    return view(await getJob(store, caller.tenant, accepted.job));
  };

  const service: JobService = {
    run: async (caller, request, key) =>
      submit(caller, runSpec(request, await specContext(deps, caller)), {key, request, secretEnv: request.secretEnv}),
    exec: async (caller, devbox, request, key) => {
      const record = await deps.getDevBox(caller.tenant, devbox);
      return submit(caller, execSpec(request, parseTarget(record)), {
        key,
        request: {devbox: record.id, ...request},
        secretEnv: request.secretEnv,
        devboxName: record.name,
      });
    },
    pull: async (caller, request, key) =>
      submit(caller, pullSpec(request, await specContext(deps, caller)), {key, request: {pull: request}}),
    build: async (caller, request, key) =>
      submit(caller, buildSpec(request, await specContext(deps, caller)), {key, request: {build: request}}),
    removeImage: async (caller, request, key) =>
      submit(caller, removeImageSpec(request, await specContext(deps, caller)), {key, request: {remove: request}}),
    show: async (tenant, job) => view(await getJob(store, tenant, job)),
    list: async (tenant, query) => list(deps, tenant, query),
    cancel: async (caller, job, reason) => {
      const record = await getJob(store, caller.tenant, job);
      const stepped = await store.step(record.id, {type: 'cancel', actor: caller.actor, reason}, {actor: caller.actor});
      return view(stepped !== undefined && 'after' in stepped ? stepped.after : record);
    },
    retry: async (caller, job, key) => {
      const record = await getJob(store, caller.tenant, job);
      if (!hasEnded(record))
        throw new BoxyardError('CONFLICT', {what: `Job ${record.id}`, issue: 'has not ended', hint: `boxyard jobs cancel ${record.id}`});
      if (record.kind !== 'run' && record.kind !== 'exec' && !record.kind.startsWith('image.'))
        throw new BoxyardError('UNSUPPORTED', {what: `Retrying ${record.kind}`, hint: 'Give the command again.'});
      return submit(caller, record.spec, {
        key,
        request: {retry: record.id},
        ...(record.devboxName === undefined ? {} : {devboxName: record.devboxName}),
      });
    },
    watch: async (tenant, job, onChange) => {
      const record = await getJob(store, tenant, job);
      return deps.watchers.watch(record.id, view, onChange);
    },
  };
  return service;
}

/** Totals of parents come with the page; lengths of logs only with one job. */
async function list(deps: JobServiceDeps, tenant: string, query: z.infer<typeof JobsQuery>) {
  const {store} = deps;
  const parent = query.parent === undefined ? {} : {parent: (await getJob(store, tenant, query.parent)).id};
  const devbox = query.devbox === undefined ? {} : {devbox: (await deps.getDevBox(tenant, query.devbox)).id};
  const page = await listJobs(store, tenant, {...query, ...parent, ...devbox});
  const parents = page.items.filter(record => record.fan !== undefined);
  const totals = await readTotals(
    store,
    parents.map(record => record.id),
  );
  const items = page.items.map(record => jobView(record, {totals: totals[parents.indexOf(record)]}));
  return {items, ...(page.nextCursor === undefined ? {} : {nextCursor: page.nextCursor})};
}
