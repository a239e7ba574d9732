import type {Refusal} from '../api/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {newAttemptId, newId, type Timing} from '../config/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {JobSpec} from '../protocol/index.ts';
import {parseRepoUrl} from '../security/repo-url.ts';
import type {TenantPolicy} from '../security/rules.ts';
import type {Caller, SecretValues} from '../services.ts';
import type {TableEntry, WorkerTable} from '../workers/table.ts';
import {checkFanOut, countOf} from './rules-children.ts';
import {groupOf} from './rules-needs.ts';
import type {SpecContext} from './rules-policy.ts';
import type {Hold, JobRecord} from './rules-record.ts';

import {isOfClass} from './rules-place.ts';
import type {JobStore} from './store.ts';

export interface Tenants {
  /** Profiles and limits of a tenant; -1 is unlimited. */
  get(tenant: string): Promise<
    TenantPolicy & {
      readonly limits: {readonly devboxes: number; readonly sessions: number; readonly historyDays: number; readonly folderBytes?: number};
    }
  >;
}

export interface AcceptDeps {
  readonly store: JobStore;
  readonly table: WorkerTable;
  readonly blobs: Blobs;
  readonly secrets: SecretValues;
  readonly tenants: Tenants;
  /** Puts the tenant's invited machines that never connected into the table. */
  readonly learnJoined: (tenant: string) => Promise<void>;
  readonly timing: Timing;
}

/** What the rules need to know to fill a request's gaps; `worker` is the one it names. */
export async function specContext(deps: AcceptDeps, caller: Caller, worker?: string): Promise<SpecContext> {
  const policy = await deps.tenants.get(caller.tenant);
  const isNamed = ({record}: TableEntry) => record.id === worker || record.name === worker;
  if (worker !== undefined && !deps.table.ofTenant(caller.tenant).some(isNamed)) await deps.learnJoined(caller.tenant);
  const entries = deps.table.ofTenant(caller.tenant);
  const local = new Set(entries.flatMap(entry => [...entry.images].filter(ref => ref.startsWith('localhost/'))));
  return {
    policy,
    access: caller.access,
    timing: deps.timing,
    workers: entries
      .filter(entry => entry.record.registration !== undefined)
      .map(({record}) => ({
        id: record.id,
        name: record.name,
        hasContainers: record.registration!.engines.some(engine => engine.name !== 'process' && engine.usable),
        imageless: record
          .registration!.engines.filter(({usable, features}) => usable && !features.includes('images'))
          .map(({name}) => name),
        hasProcess: record.registration!.engines.some(engine => engine.name === 'process' && engine.usable),
      })),
    joined: entries.filter(entry => entry.record.registration === undefined).map(({record: {id, name}}) => ({id, name})),
    isLocalImage: full => local.has(full),
  };
}

export interface RecordOptions {
  readonly id?: string;
  readonly hold?: Hold | undefined;
  readonly holdUntil?: number | undefined;
  readonly devboxName?: string | undefined;
  readonly fan?: JobRecord['fan'];
  readonly origin?: JobRecord['origin'];
  readonly retries?: JobRecord['retries'];
  readonly refusals?: JobRecord['refusals'];
}

export function newJob(store: JobStore, caller: Caller, spec: JobSpec, options: RecordOptions = {}): JobRecord {
  const now = store.rim.clock.now();
  const {hold, holdUntil} = options;
  return {
    v: 1,
    id: options.id ?? newId('j'),
    tenant: caller.tenant,
    kind: spec.kind,
    ...('name' in spec && spec.name !== undefined ? {name: spec.name} : {}),
    actor: caller.actor,
    spec,
    attempt: {number: 1, id: newAttemptId()},
    state: 'queued',
    ...(hold === undefined ? {} : {hold}),
    ...(holdUntil === undefined ? {} : {holdUntil}),
    ...(options.devboxName === undefined ? {} : {devboxName: options.devboxName}),
    ...(options.fan === undefined ? {} : {fan: options.fan}),
    ...(options.origin === undefined ? {} : {origin: options.origin}),
    ...(options.retries === undefined ? {} : {retries: options.retries}),
    ...(hold === 'role_busy' && options.origin !== undefined ? {reason: waitsForRole(options.origin)} : {}),
    ...(options.refusals === undefined || options.refusals.length === 0 ? {} : {refusals: options.refusals}),
    group: groupOf(spec.needs),
    phases: [],
    tries: 0,
    createdAt: now,
    ...(spec.queueTimeoutMs === undefined || hold === 'removal_grace' ? {} : {queueUntil: now + spec.queueTimeoutMs}),
  };
}

const waitsForRole = ({cluster, role, most}: NonNullable<JobRecord['origin']>): NonNullable<JobRecord['reason']> => ({
  code: 'role_busy',
  message: `${cluster.name}/${role.name} runs at most ${most === 1 ? 'once' : `${most} times`} at one time; this run waits for one to end.`,
});

/** Before a job is accepted: its uploads become its own, its one-job secrets are kept; `undo` where it is not accepted after all. */
export async function prepare(
  deps: AcceptDeps,
  job: JobRecord,
  {secretEnv, from}: {readonly secretEnv?: Readonly<Record<string, string>> | undefined; readonly from?: JobRecord},
): Promise<() => Promise<void>> {
  for (const blob of blobsOf(job.spec)) await deps.blobs.files.take(job, blob, from?.parent ?? from?.id);
  const hasSecrets = secretEnv !== undefined && Object.keys(secretEnv).length > 0;
  if (hasSecrets) await deps.secrets.setForJob(job.tenant, job.id, secretEnv);
  return async () => {
    if (hasSecrets) await deps.secrets.forgetJob(job.tenant, job.id);
    if (blobsOf(job.spec).length > 0) await deps.blobs.files.remove(job.tenant, job.id);
  };
}

/** Undoes what was prepared, unless Redis went away in the middle: then the job may have been accepted all the same. */
export async function refused(error: unknown, undo: () => Promise<void>): Promise<never> {
  const isUncertain = isBoxyardError(error) && error.code === 'REDIS_UNAVAILABLE';
  if (!isUncertain) await undo().catch(() => undefined);
  throw error;
}

function blobsOf(spec: JobSpec): string[] {
  if (spec.kind === 'image.build') return [spec.context.blob];
  const source = 'source' in spec && spec.source?.kind === 'dir' ? [spec.source.blob] : [];
  return 'build' in spec && spec.build !== undefined ? [...source, spec.build.context.blob] : source;
}

/** A clone uses the tenant's secret `git:<host>`, a pull `registry:<host>`, where there is one and none was named. */
export async function withKnownSecrets(deps: AcceptDeps, tenant: string, spec: JobSpec): Promise<JobSpec> {
  if ('source' in spec && spec.source?.kind === 'repo' && spec.source.secret === undefined) {
    const name = `git:${parseRepoUrl(spec.source.url).host}`;
    return (await has(deps, tenant, name)) ? {...spec, source: {...spec.source, secret: name}} : spec;
  }
  if (spec.kind === 'image.pull' && spec.login === undefined) {
    const name = `registry:${spec.ref.split('/')[0]}`;
    return (await has(deps, tenant, name)) ? {...spec, login: name} : spec;
  }
  return spec;
}

const has = async (deps: AcceptDeps, tenant: string, name: string): Promise<boolean> =>
  name in (await deps.secrets.values(tenant, newId('j'), [name]).catch(() => ({})));

const MOST_SKIPPED = 50;

interface FanTargets {
  readonly total: number;
  readonly targets?: string[];
  /** Workers that could take it if they were not away or closed. */
  readonly skipped?: Refusal[];
}

/** `--each worker` and a label's values: of the workers that could take it now. */
export function fanTargets(spec: JobSpec, deps: AcceptDeps, tenant: string): FanTargets | undefined {
  if (spec.kind !== 'run' || spec.fanOut === undefined) return undefined;
  const {each} = spec.fanOut;
  if (each === undefined || (typeof each === 'object' && 'list' in each)) return {total: countOf(spec.fanOut, undefined)};
  const able = deps.table.candidates(tenant, deps.store.rim.clock.now()).filter(worker => isOfClass(spec.needs, worker));
  const open = able.filter(worker => worker.closed === undefined);
  const targets = each === 'worker' ? open.map(worker => worker.id) : valuesOf(each.label, open);
  if (targets.length === 0) throw new BoxyardError('NO_WORKER_FITS', {missing: missingFor(each, open.length)});
  checkFanOut(spec.fanOut, targets);
  const skipped = able.flatMap(({id, name, closed}) => (closed === undefined ? [] : [{worker: id, name, ...closed}]));
  return {total: countOf(spec.fanOut, targets), targets, skipped: skipped.slice(0, MOST_SKIPPED)};
}

const valuesOf = (label: string, workers: readonly {readonly labels: Readonly<Record<string, string>>}[]): string[] =>
  [...new Set(workers.flatMap(({labels}) => labels[label] ?? []))].sort();

const missingFor = (each: 'worker' | {readonly label: string}, open: number): string =>
  each === 'worker' || open === 0
    ? 'no connected worker can take this job'
    : `no worker that can take this job has the label ${each.label}`;
