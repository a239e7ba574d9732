import {BoxyardError} from '../errors/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
import {pageOf, type Http} from '../rim/http.ts';
import type {JobService, LogService, ReportService} from '../services.ts';

export interface JobRouteServices {
  readonly jobs: JobService;
  readonly logs: LogService;
  readonly reports: ReportService;
}

const octets = {'content-type': 'application/octet-stream'};

export function addJobRoutes(http: Http, {jobs, logs, reports}: JobRouteServices): void {
  http.route('jobsCreate', ({session, body, idempotencyKey}) => jobs.run(session, body, idempotencyKey));
  http.route('jobsList', async ({session, query}) => pageOf(await jobs.list(session.tenant, query)));
  http.route('jobsShow', ({session, params}) => jobs.show(session.tenant, params['job']!));
  http.route('jobsResult', ({session, params}) => jobs.result(session.tenant, params['job']!));
  http.route('jobsReport', async ({params, body, headers}) => {
    await reports.report(params['job']!, bearerOf({headers}), body);
    return {ok: true as const};
  });
  http.route('jobsCancel', ({session, params, body}) =>
    jobs.cancel(session, params['job']!, body.reason ?? `cancelled by ${session.actor}`),
  );
  http.route('jobsRetry', ({session, params, body, idempotencyKey}) => jobs.retry(session, params['job']!, {...body, key: idempotencyKey}));
  http.route('uploads', ({session, bytes}) => logs.upload(session.tenant, bytes));
  addLogRoute(http, {jobs, logs});
  http.route('jobsLogTimes', async ({session, params, query}) => {
    const job = await jobs.show(session.tenant, params['job']!);
    const {marks, length} = await logs.times(session.tenant, job.id, query.stream, query.attempt);
    return {marks: [...marks], length};
  });
  http.route('jobsOut', async ({session, params, send}) => {
    const job = await jobs.show(session.tenant, params['job']!);
    const out = await logs.out(session.tenant, job.id);
    await send({'content-type': 'application/x-tar', 'content-length': String(out.bytes)}, out.read());
  });
}

/** The bytes there are; parts that are missing are named in the header `boxyard-gaps`, as far as known at the start. */
function addLogRoute(http: Http, {jobs, logs}: Pick<JobRouteServices, 'jobs' | 'logs'>): void {
  http.route('jobsLogs', async ({session, params, query, signal, send}) => {
    const job = await jobs.show(session.tenant, params['job']!);
    const attempt = query.attempt === undefined ? {} : {attempt: query.attempt};
    const {have, gaps} = await logs.have(session.tenant, job.id, query.attempt);
    if (query.from > have[query.stream] && job.state === 'ended')
      throw new BoxyardError('INVALID_INPUT', {field: 'from', issue: `the stream has ${have[query.stream]} bytes`});
    const options = {from: query.from, follow: query.follow === 'true', signal, ...attempt};
    const own = gaps.filter(gap => gap.stream === query.stream);
    await send(
      {...octets, 'boxyard-gaps': JSON.stringify(own).slice(0, 4_000)},
      bytesOf(logs.read(session.tenant, job.id, query.stream, options)),
    );
  });
}

async function* bytesOf(parts: ReturnType<LogService['read']>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) if ('bytes' in part) yield part.bytes;
}
