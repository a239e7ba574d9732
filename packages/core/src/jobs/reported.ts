import {MOST_RESULT_BYTES, type Progress, type ReportRequest} from '../api/index.ts';
import type {ResultRef} from '../blobs/rules-results.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {BoxyardError} from '../errors/index.ts';
import {iso} from '../rim/clock.ts';
import {createRateLimit} from '../rim/rate-limit.ts';
import type {ReportSecrets, ReportService} from '../services.ts';
import {isShallow} from './rules-reported.ts';
import {type JobRecord, isOnWorker, mayReport, versionPrefix} from './rules-record.ts';
import {type Attempt, JobId} from '../protocol/index.ts';
import {keepResult} from './store-results.ts';
import type {JobStore} from './store.ts';

export interface ReportDeps {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly secrets: ReportSecrets;
  /** Hands lines for the job's stream `log` to its worker; `WORKER_OFFLINE`. */
  readonly log: (worker: string, lines: {readonly job: string; readonly attempt: Attempt; readonly text: string}) => void;
  /** Tells who looks on. */
  readonly gauge: (tenant: string, gauge: {readonly object: string; readonly values: Record<string, unknown>}) => void;
}

/** Of one job: more is of no use to anybody who looks on. */
const perJob = {burst: 60, perSecond: 10};

export function createReportService(deps: ReportDeps): ReportService {
  const {store, blobs} = deps;
  const limit = createRateLimit(perJob);
  return {
    report: async (job, secret, asked) => {
      const record = await ownRecord(deps, job, secret);
      const checked = asked.result === undefined || isShallow(asked.result) ? asked : tooDeep();
      const request = withoutSecret(checked, secret!);
      const wait = limit.take(record.id);
      if (wait > 0) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'reports of one job', retryAfter: Math.ceil(wait / 1_000)});
      const result = request.result === undefined ? undefined : resultText(request.result);
      // What may be refused comes before what is kept.
      const log = linesOf(request.log);
      if (log !== undefined) deps.log(record.worker!.id, {job: record.id, attempt: record.attempt, text: log});
      if (result !== undefined) {
        const {id, attempt} = record;
        const step = (ref: ResultRef) => store.step(id, {type: 'reported', attempt, result: ref}, {actor: `job:${id}`});
        await keepResult(blobs, {record, json: result}, step);
      }
      const {progress} = request;
      if (progress === undefined) return;
      const {done, total, text = ''} = progress;
      await keepProgress(deps, record, {step: text, done, ...(total === undefined ? {} : {total})});
    },
  };
}

/** Where the secret is not that of the job's present attempt nothing is told of the job, not even whether there is one. */
async function ownRecord({store, secrets}: ReportDeps, job: string, secret: string | undefined): Promise<JobRecord> {
  if (secret === undefined) throw new BoxyardError('UNAUTHENTICATED');
  const record = JobId.safeParse(job).success ? await store.read(job) : undefined;
  if (record === undefined || !mayReport(record) || !secrets.isOf(secret, record.id, record.attempt)) throw notItsOwn();
  if (!isOnWorker(record)) throw new BoxyardError('CONFLICT', {what: `Job ${record.id}`, issue: 'does not run'});
  return record;
}

/** Whoever prints all it has been given prints that too. */
const withoutSecret = (request: ReportRequest, secret: string): ReportRequest =>
  JSON.parse(JSON.stringify(request).replaceAll(secret, '*'.repeat(secret.length))) as ReportRequest;

const notItsOwn = () =>
  new BoxyardError(
    'FORBIDDEN',
    {},
    {message: 'This is not the secret of the present attempt of that job.', hint: 'A job reports for itself alone: BOXYARD_REPORT_SECRET.'},
  );

function tooDeep(): never {
  throw new BoxyardError('INVALID_INPUT', {field: 'result', issue: 'is nested more than 100 deep'});
}

function resultText(result: unknown): string {
  const text = JSON.stringify(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MOST_RESULT_BYTES) return text;
  throw new BoxyardError(
    'BODY_TOO_LARGE',
    {limit: MOST_RESULT_BYTES},
    {message: `A result has at most ${MOST_RESULT_BYTES} bytes of JSON.`},
  );
}

/** One line each, whatever is in it. */
function linesOf(log: ReportRequest['log']): string | undefined {
  if (log === undefined) return undefined;
  const lines = typeof log === 'string' ? log.split('\n') : log;
  return lines.map(line => `${line.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ' ')}\n`).join('');
}

const MOST_TRIES = 5;

/** Unless the job has ended meanwhile: what comes late is not kept beside its end. */
export async function keepProgress(
  {store, gauge}: Pick<ReportDeps, 'store' | 'gauge'>,
  record: JobRecord,
  said: Omit<Progress, 'at'>,
): Promise<void> {
  const {rim} = store;
  const progress: Progress = {...said, step: said.step.slice(0, 200), at: iso(rim.clock.now())};
  gauge(record.tenant, {object: `jobs/${record.id}`, values: {progress}});
  let now: JobRecord | undefined = record;
  for (let tries = 0; tries < MOST_TRIES && now !== undefined && isOnWorker(now) && mayReport(now); tries++) {
    const {id, tenant, v} = now;
    const kept = await rim.commit(change => {
      change.is('job', rim.keys.job(id), versionPrefix(v));
      change.do(rim.keys.progress(tenant), 'HSET', id, JSON.stringify(progress));
    });
    if (kept.done) return;
    now = await store.read(id);
  }
}

/** What the last attempts of these jobs last said, in their order. */
export async function readProgress({rim}: JobStore, tenant: string, records: readonly JobRecord[]): Promise<(Progress | undefined)[]> {
  const ids = records.filter(mayReport).map(record => record.id);
  if (ids.length === 0) return records.map(() => undefined);
  const texts = await rim.ask(redis => redis.hmget(rim.keys.progress(tenant), ...ids));
  return records.map(({id}) => {
    const text = texts[ids.indexOf(id)];
    return text === undefined || text === null ? undefined : (JSON.parse(text) as Progress);
  });
}
