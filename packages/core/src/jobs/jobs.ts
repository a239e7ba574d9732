import type {z} from 'zod';
import type {AnyJson, JobsQuery, RunRequest} from '../api/index.ts';
import {parseRunning} from '../devboxes/rules-target.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {Caller, JobService, RunAgain} from '../services.ts';
import {keepContext} from '../blobs/contexts.ts';
import {onlyChildren} from './rules-children.ts';
import {toldOfClass} from './told-of-class.ts';
import {readProgress} from './reported.ts';
import {atHome, liveOf} from './role-home.ts';
import {hasEnded, type JobRecord} from './rules-record.ts';
import {displaySpec, execSpec} from './rules-spec-devbox.ts';
import {buildLimitsOf, buildSpec, builtRunSpec} from './rules-spec-build.ts';
import {pullSpec, removeImageSpec, runSpec} from './rules-spec.ts';
import {isolationOf} from './rules-policy.ts';
import {secretNames} from './rules-steps.ts';
import {jobView} from './rules-view.ts';
import {childrenOf, getJob, listJobs, readTotals} from './store-lists.ts';
import {specContext} from './store-prepare.ts';
import {type SubmitDeps, readView, submit} from './submit.ts';
import type {JobWatchers} from './watchers.ts';

/** A display that nobody looks at is closed after this: it holds a live session of the tenant. */
const DISPLAY_IDLE_MS = 15 * 60_000;

export interface JobServiceDeps extends SubmitDeps {
  readonly watchers: JobWatchers;
  /** Whether a run of a role may go on once more, and when. */
  readonly runAgain: RunAgain;
}

export function createJobService(deps: JobServiceDeps): JobService {
  const {store} = deps;
  return {
    ...createImageJobs(deps),
    run: async (caller, request, key) =>
      submit(deps, caller, await specOf(deps, caller, request), {key, request, secretEnv: request.secretEnv}),
    runRole: async (caller, {request, asked, key, origin, waits, v, isSameWorker}) => {
      const spec = await specOf(deps, caller, request, origin.folders !== undefined);
      const role = {tenant: caller.tenant, cluster: origin.cluster.id, id: origin.role.id};
      const placed = isSameWorker === true ? {...(await atHome(deps, role, spec)), live: liveOf(role)} : spec;
      return submit(deps, caller, placed, {key, request: {run: asked}, origin, waits, cluster: {id: origin.cluster.id, v}});
    },
    liveSessions: tenant => deps.store.rim.ask(redis => redis.hlen(deps.store.rim.keys.sessions(tenant))),
    exec: async (caller, devbox, request, key) => {
      const record = await deps.getDevBox(caller.tenant, devbox);
      const more = {key, request: {devbox: record.id, ...request}, secretEnv: request.secretEnv, devboxName: record.name};
      return submit(deps, caller, execSpec(request, parseRunning(record)), more);
    },
    display: async (caller, devbox, request, key) => {
      const record = await deps.getDevBox(caller.tenant, devbox);
      const spec = displaySpec(request, parseRunning(record), DISPLAY_IDLE_MS);
      const more = {key, request: {display: record.id, ...request}, devboxName: record.name};
      return submit(deps, caller, spec, more).catch(async (error: unknown) => {
        const open = isBoxyardError(error) && error.code === 'CONFLICT' ? error.details['job'] : undefined;
        if (typeof open !== 'string') throw error;
        return readView(deps, await getJob(store, caller.tenant, open));
      });
    },
    show: async (tenant, job) => readView(deps, await getJob(store, tenant, job)),
    list: async (tenant, query) => list(deps, tenant, query),
    result: async (tenant, job) => {
      const record = await getJob(store, tenant, job);
      const text = record.result && (await deps.blobs.files.result(tenant, record.id, record.result));
      if (text === undefined) throw new BoxyardError('NOT_FOUND', {what: 'result of job', name: record.id});
      return JSON.parse(text) as AnyJson;
    },
    cancel: async (caller, job, reason) => {
      const record = await getJob(store, caller.tenant, job);
      const stepped = await store.step(record.id, {type: 'cancel', actor: caller.actor, reason}, {actor: caller.actor});
      return readView(deps, stepped !== undefined && 'after' in stepped ? stepped.after : record);
    },
    retry: (caller, job, options) => retry(deps, caller, {job, ...options}),
    watch: async (tenant, job, onChange) => {
      const record = await getJob(store, tenant, job);
      return deps.watchers.watch(record.id, each => readView(deps, each), onChange);
    },
  };
}

async function specOf(deps: JobServiceDeps, caller: Caller, request: RunRequest, hasFolders?: boolean) {
  const context = await specContext(deps, caller, request.worker);
  if (request.build === undefined) return runSpec(request, context, hasFolders);
  const kept = await keepContext(deps.blobs, caller.tenant, request.build.context);
  return builtRunSpec({...request, build: request.build}, {...kept, tenant: caller.tenant}, context, hasFolders);
}

const createImageJobs = (deps: JobServiceDeps): Pick<JobService, 'pull' | 'build' | 'removeImage'> => ({
  pull: async (caller, request, key) =>
    submit(deps, caller, pullSpec(request, await specContext(deps, caller, request.worker)), {key, request: {pull: request}}),
  build: async (caller, request, key) =>
    submit(deps, caller, buildSpec(request, await specContext(deps, caller, request.worker)), {key, request: {build: request}}),
  removeImage: async (caller, request, {key, at}) =>
    submit(deps, caller, removeImageSpec({...request, ...at}, await specContext(deps, caller, request.worker)), {
      key,
      request: {remove: request},
    }),
});

interface Retry {
  readonly job: string;
  readonly key?: string | undefined;
  readonly failed?: boolean | undefined;
}

/**
 * A new job of the same spec, for whom might ask for it anew; of a run of a role one more run of that role, which is told what the first was.
 * Changes of a DevBox are asked for again instead, as its state has moved on.
 */
async function retry(deps: JobServiceDeps, caller: Caller, {job, key, failed}: Retry) {
  const record = await getJob(deps.store, caller.tenant, job);
  if (!hasEnded(record))
    throw new BoxyardError('CONFLICT', {what: `Job ${record.id}`, issue: 'has not ended', hint: `boxyard jobs cancel ${record.id}`});
  if (record.kind.startsWith('devbox.'))
    throw new BoxyardError('UNSUPPORTED', {what: `Retrying ${record.kind}`, hint: 'Give the command again.'});
  await checkIsolation(deps, caller, record);
  await needSecrets(deps, record);
  const devboxName = record.devboxName === undefined ? {} : {devboxName: record.devboxName};
  const spec = failed === true ? onlyChildren(record.spec, await failedChildren(deps, record)) : record.spec;
  const targets = failed === true && record.fan?.targets !== undefined ? {targets: record.fan.targets} : {};
  const request = {retry: record.id, ...(failed === true ? {failed} : {})};
  const more = {key, request, from: record, ...devboxName, ...targets, ...(failed === true ? {retries: record.id} : {})};
  const {origin} = record;
  if (origin === undefined) return submit(deps, caller, spec, more);
  return deps.runAgain(caller, origin, ({v, most, waits}) =>
    submit(deps, caller, spec, {...more, origin: {...origin, most}, waits, cluster: {id: origin.cluster.id, v}}),
  );
}

/** What only some may ask for is no more to be had by asking for somebody else's job again, nor what the tenant allows no longer. */
async function checkIsolation(deps: JobServiceDeps, caller: Caller, {spec}: JobRecord): Promise<void> {
  if (spec.kind !== 'run') return;
  const {engine, worker} = spec.needs;
  const context = await specContext(deps, caller, worker);
  isolationOf({engine, worker, profile: spec.profile}, context);
  if (spec.build !== undefined) buildLimitsOf(context);
}

/** Numbers of those that did not succeed. */
async function failedChildren({store}: JobServiceDeps, parent: JobRecord): Promise<number[]> {
  if (parent.fan === undefined) throw new BoxyardError('INVALID_INPUT', {field: 'failed', issue: `job ${parent.id} has no children`});
  const children = await store.readMany(await childrenOf(store, parent.id));
  const found = children.flatMap(child => (child === undefined || child.outcome === 'succeeded' ? [] : [child.index ?? 0]));
  if (found.length === 0)
    throw new BoxyardError('CONFLICT', {
      what: `Job ${parent.id}`,
      issue: 'has no child that failed',
      hint: `boxyard jobs retry ${parent.id}`,
    });
  return found;
}

/** Values given for one job alone (`--env-file`) went with its end: without them the same spec would only fail. */
async function needSecrets({secrets}: JobServiceDeps, record: JobRecord): Promise<void> {
  const names = secretNames(record.spec);
  const values = await secrets.values(record.tenant, record.id, names);
  const missing = names.filter(name => !(name in values));
  if (missing.length === 0) return;
  throw new BoxyardError('CONFLICT', {
    what: `Job ${record.id}`,
    issue: `had secret values that are kept no longer: ${missing.join(', ')}`,
    hint: `Give its command again with --env-file, or keep the value: boxyard secrets set ${missing[0]}`,
  });
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
  const progress = await readProgress(store, tenant, page.items);
  const told = await toldOfClass(deps.store, page.items);
  const items = told.map((record, at) => jobView(record, {totals: totals[parents.indexOf(page.items[at]!)], progress: progress[at]}));
  return {items, ...(page.nextCursor === undefined ? {} : {nextCursor: page.nextCursor})};
}
