import {toWire, asBoxyardError} from '../errors/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {hasEnded, isOnWorker, mayReport, type JobRecord} from '../jobs/rules-record.ts';
import {secretNames} from '../jobs/rules-steps.ts';
import {keepResult} from '../jobs/store-results.ts';
import {boundedError, boundedPhases, boundedResult} from '../jobs/rules-reported.ts';
import type {JobStore, StepResult} from '../jobs/store.ts';
import {type Attempt, type FromAgent, REPORT_SECRET} from '../protocol/index.ts';
import type {ReportSecrets, SecretValues} from '../services.ts';
import type {AgentLink} from './agent-link.ts';
import type {JobProgress} from './hub-deps.ts';
import {recoverJob} from './recover-job.ts';

export interface JobFrameDeps {
  readonly store: JobStore;
  readonly secrets: Pick<SecretValues, 'values'>;
  readonly blobs: Pick<Blobs, 'files'>;
  readonly reportSecrets: ReportSecrets;
  readonly onProgress: (job: JobRecord, progress: JobProgress) => void;
}

type Of = {readonly job: string; readonly attempt: Attempt};

/** The job a frame names, if it is this worker's in this attempt; otherwise the agent is told who owns it now (B9, C14). */
export const ownJob = (deps: Pick<JobFrameDeps, 'store'>, link: AgentLink, of: Of): Promise<JobRecord | undefined> =>
  jobIf(deps, link, {of, isFit: record => isOwn(record, link.identity.worker, of)});

/** The same for what an attempt wrote: also of an earlier one that this worker was sent, whose log is kept beside (R10). */
export const writtenJob = (deps: Pick<JobFrameDeps, 'store'>, link: AgentLink, of: Of): Promise<JobRecord | undefined> => {
  const {worker} = link.identity;
  const isEarlier = (record: JobRecord) =>
    of.attempt.number < record.attempt.number && deps.store.attemptIds.isOf(of.attempt.id, of.job, worker);
  return jobIf(deps, link, {of, isFit: record => isOwn(record, worker, of) || isEarlier(record)});
};

async function jobIf(
  {store}: Pick<JobFrameDeps, 'store'>,
  link: AgentLink,
  {of, isFit}: {readonly of: Of; readonly isFit: (record: JobRecord) => boolean},
): Promise<JobRecord | undefined> {
  const {tenant} = link.identity;
  let record = (await store.get(of.job)) ?? (await recoverJob(store, link, of, 'running'));
  if (record !== undefined && !isFit(record)) record = await store.read(of.job);
  if (record === undefined || record.tenant !== tenant) return undefined;
  if (isFit(record)) return record;
  link.send({type: 'job.superseded', job: of.job, attempt: of.attempt});
  return undefined;
}

const isOwn = (record: JobRecord, worker: string, of: Of): boolean =>
  record.worker?.id === worker && record.attempt.id === of.attempt.id && record.attempt.number === of.attempt.number;

type JobUpdate = Extract<FromAgent, {type: 'job.update'}>;

export async function onUpdate(deps: JobFrameDeps, link: AgentLink, message: JobUpdate): Promise<void> {
  const record = await ownJob(deps, link, message);
  if (record === undefined || hasEnded(record)) return;
  const {job, type: _type, ...update} = message;
  await deps.store.step(job, {type: 'update', update: {...update, phases: boundedPhases(update.phases)}});
  if (message.progress === undefined) return;
  const {step, done, total} = message.progress;
  deps.onProgress((await deps.store.get(job)) ?? record, {step, done, ...(total === undefined ? {} : {total})});
}

/** Stored first, told then: `job.stored` follows the Redis reply, and repeats are answered the same way. */
export async function onResult(deps: JobFrameDeps, link: AgentLink, message: Extract<FromAgent, {type: 'job.result'}>): Promise<void> {
  const {job, type: _type, ...said} = message;
  const result = boundedResult(said);
  const {worker, tenant} = link.identity;
  const known = (await deps.store.get(job)) ?? (await recoverJob(deps.store, link, message, 'running'));
  if (known === undefined || known.tenant !== tenant) return;
  if (known.worker?.id !== worker && known.attempt.number <= message.attempt.number) {
    const fresh = await deps.store.read(job);
    if (fresh?.worker?.id !== worker) return link.send({type: 'job.superseded', job, attempt: message.attempt});
  }
  // An earlier attempt is kept beside, if it was ever this worker's.
  const isEarlier = message.attempt.number < known.attempt.number;
  if (isEarlier && !deps.store.attemptIds.isOf(message.attempt.id, job, worker))
    return link.send({type: 'job.superseded', job, attempt: message.attempt});
  const step = () => deps.store.step(job, {type: 'result', result});
  const record = {tenant, id: known.id, attempt: message.attempt};
  const {reported} = result;
  const stepped = await (reported === undefined || isEarlier ? step() : keepResult(deps.blobs, {record, json: reported}, step));
  if (!isSettled(stepped, message.attempt)) return link.send({type: 'job.superseded', job, attempt: message.attempt});
  link.send({type: 'job.stored', job, attempt: message.attempt});
}

/** Whether the attempt's result is in the record: as the job's end, as a try that is retried, or kept beside a newer one. */
function isSettled(result: StepResult, attempt: Attempt): boolean {
  if (result === undefined || !('after' in result)) return false;
  const {before, after} = result;
  if (after.attempt.number > attempt.number)
    return before.attempt.id === attempt.id || after.superseded?.some(each => each.attempt === attempt.number) === true;
  return after.attempt.id === attempt.id && hasEnded(after);
}

/** What a session is doing, as its worker says. */
export async function onTerminalState(
  deps: JobFrameDeps,
  link: AgentLink,
  {job, attempt, state}: Extract<FromAgent, {type: 'terminal.state'}>,
): Promise<void> {
  const record = await ownJob(deps, link, {job, attempt});
  if (record !== undefined && !hasEnded(record)) await deps.store.step(job, {type: 'session', attempt, session: state});
}

export async function onRefused(deps: JobFrameDeps, link: AgentLink, message: Extract<FromAgent, {type: 'job.refused'}>): Promise<void> {
  const record = await ownJob(deps, link, message);
  if (record === undefined) return;
  await deps.store.step(message.job, {type: 'refused', attempt: message.attempt, error: boundedError(message.error)});
}

/** Only what the job's own spec names, and only while it runs (R15). */
export async function onSecrets(deps: JobFrameDeps, link: AgentLink, message: Extract<FromAgent, {type: 'job.secrets'}>): Promise<void> {
  const {job, attempt} = message;
  const record = await ownJob(deps, link, message);
  if (record === undefined || !isOnWorker(record)) return;
  try {
    const values = await deps.secrets.values(record.tenant, secretOwner(record), secretNames(record.spec));
    const own = mayReport(record) ? {[REPORT_SECRET]: deps.reportSecrets.of(job, record.attempt)} : {};
    link.send({type: 'job.secrets', job, attempt, values: {...values, ...own}});
  } catch (error) {
    link.send({type: 'job.secrets', job, attempt, values: {}, error: toWire(asBoxyardError(error))});
  }
}

/** One-job secrets of a run with children belong to the parent. */
export const secretOwner = (record: JobRecord): string => record.parent ?? record.id;
