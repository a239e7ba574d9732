import type {z} from 'zod';
import {MOST_RESULT_BYTES, type JobView} from '../api/index.ts';
import type {DevBoxRecord} from '../devboxes/rules.ts';
import {BoxyardError} from '../errors/index.ts';
import type {JobSpec} from '../protocol/index.ts';
import type {Caller} from '../services.ts';
import {countOf, fanOutOf} from './rules-children.ts';
import {toldOfClass} from './told-of-class.ts';
import {readProgress} from './reported.ts';
import type {JobRecord} from './rules-record.ts';
import {jobView} from './rules-view.ts';
import {acceptJobs} from './store-accept.ts';
import {readConflicts} from '../folders/store.ts';
import {getJob, readTotals} from './store-lists.ts';
import {type AcceptDeps, fanTargets, newJob, prepare, refused, withKnownSecrets} from './store-prepare.ts';

export interface SubmitDeps extends AcceptDeps {
  /** Called right behind the call that accepts it, before that has an answer. */
  readonly accepting: (job: JobRecord) => void;
  /** By name or id; `NOT_FOUND` also for another tenant's. */
  readonly getDevBox: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
}

export interface Submission {
  readonly key?: string | undefined;
  readonly request: unknown;
  readonly secretEnv?: Readonly<Record<string, string>> | undefined;
  readonly devboxName?: string;
  /** The job whose uploads are used again. */
  readonly from?: JobRecord;
  readonly origin?: JobRecord['origin'];
  /** The job whose children that did not succeed are run again. */
  readonly retries?: JobRecord['retries'];
  /** The record it was made of. */
  readonly cluster?: {readonly id: string; readonly v: number};
  /** It waits until a run of its role that goes on has ended. */
  readonly waits?: boolean | undefined;
  /** For whom its children are, where that was decided before. */
  readonly targets?: readonly string[] | undefined;
}

type View = z.infer<typeof JobView>;

/** With what lies beside the record: children's totals, and how much of the output is here. */
export async function readView(deps: SubmitDeps, record: JobRecord): Promise<View> {
  const [totals] = record.fan === undefined ? [] : await readTotals(deps.store, [record.id]);
  const have = record.sentAt === undefined ? undefined : await deps.blobs.output.have(record.tenant, record.id, record.attempt.number);
  const [progress] = await readProgress(deps.store, record.tenant, [record]);
  const [told = record] = await toldOfClass(deps.store, [record]);
  return jobView(told, {totals, have, progress, conflicts: await conflictsOf(deps, record), result: await smallResult(deps, record)});
}

/** Of a run those of all its jobs. */
async function conflictsOf({store}: SubmitDeps, record: JobRecord): Promise<View['conflicts']> {
  if (record.origin?.folders === undefined || (record.sentAt === undefined) === (record.fan === undefined)) return undefined;
  const found = await readConflicts(store.rim, record.parent ?? record.id, record.fan === undefined ? record.id : undefined);
  return found.length === 0 ? undefined : found;
}

/** One that is larger has a route of its own. */
async function smallResult({blobs}: SubmitDeps, {tenant, id, result}: JobRecord): Promise<unknown> {
  if (result === undefined || result.bytes > MOST_RESULT_BYTES) return undefined;
  const text = await blobs.files.result(tenant, id, result);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** From a whole spec to an accepted job; with a known idempotency key, to the one accepted before. */
export async function submit(deps: SubmitDeps, caller: Caller, spec: JobSpec, more: Submission): Promise<View> {
  const complete = await withKnownSecrets(deps, caller.tenant, spec);
  const fan =
    more.targets === undefined
      ? fanTargets(complete, deps, caller.tenant)
      : {total: countOf(fanOutOf(complete), more.targets), targets: more.targets};
  const {skipped, ...parts} = {skipped: undefined, ...fan};
  const hold = more.waits === true ? 'role_busy' : fan === undefined ? undefined : 'children';
  const job = newJob(deps.store, caller, complete, {
    hold,
    ...(fan === undefined ? {} : {fan: {total: fan.total, ...parts, made: 0}, refusals: skipped}),
    ...(more.origin === undefined ? {} : {origin: more.origin}),
    ...(more.retries === undefined ? {} : {retries: more.retries}),
    ...(more.devboxName === undefined ? {} : {devboxName: more.devboxName}),
  });
  const undo = await prepare(deps, job, more);
  const accepting = acceptJobs(deps.store, {
    tenant: caller.tenant,
    actor: caller.actor,
    jobs: [job],
    cluster: more.cluster,
    mostSessions: (await deps.tenants.get(caller.tenant)).limits.sessions,
    idempotency: more.key === undefined ? undefined : {key: more.key, request: more.request},
  });
  deps.accepting(job);
  const accepted = await accepting.catch((error: unknown) => refused(error, undo));
  if (accepted.done === 'new') return fan === undefined ? jobView(job) : readView(deps, job);
  await undo();
  if (accepted.done === 'again') throw new BoxyardError('CONFLICT', {what: 'This', issue: 'changed meanwhile', again: true});
  return readView(deps, await getJob(deps.store, caller.tenant, accepted.job));
}
