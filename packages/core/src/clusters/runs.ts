import type {JobView, RunRecordView} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {jobEnv} from '../jobs/rules-steps.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import {iso} from '../rim/clock.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {ClusterService, JobService} from '../services.ts';
import {findRole} from './rules.ts';
import {getCluster} from './store.ts';

export interface RunDeps {
  readonly rim: RedisRim;
  readonly jobs: Pick<JobService, 'list' | 'show'>;
  /** In the order asked. */
  readonly readJobs: (ids: readonly string[]) => Promise<(JobRecord | undefined)[]>;
  /** By their numbers. */
  readonly childrenOf: (job: string) => Promise<string[]>;
}

const mostRecords = 200;

/** Runs of roles with what each was told and how it went: facts of job records, so that none is ever left without an end. */
export function createRuns({rim, jobs, readJobs, childrenOf}: RunDeps): Pick<ClusterService, 'runs' | 'showRun'> {
  return {
    async runs(tenant, name, {role, limit}) {
      const cluster = await getCluster(rim, tenant, name);
      const roles = role === undefined ? cluster.roles : [findRole(cluster, role)];
      const pages = await Promise.all(roles.map(each => jobs.list(tenant, {role: each.id, limit})));
      const items = pages.flatMap(page => [...page.items]).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
      return {items: items.slice(0, limit)};
    },
    async showRun(tenant, name, id) {
      const cluster = await getCluster(rim, tenant, name);
      const run = await jobs.show(tenant, id);
      if (run.origin?.cluster.id !== cluster.id)
        throw new BoxyardError('NOT_FOUND', {
          what: `run of ${cluster.name}`,
          name: id.slice(0, 80),
          list: `boxyard clusters logs ${cluster.name}`,
        });
      const ids = run.children === undefined ? [run.id] : (await childrenOf(run.id)).slice(0, mostRecords);
      const records = (await readJobs(ids)).filter(record => record !== undefined);
      return {run, records: records.map(recordView)};
    },
  };
}

const given = <K extends string, V>(key: K, value: V | undefined): {[P in K]?: V} =>
  value === undefined ? {} : ({[key]: value} as {[P in K]?: V});

/** What lies beside a job's stdout and stderr. Pure. */
export function recordView(record: JobRecord): RunRecordView {
  const {cluster, role, trigger} = record.origin!;
  const env = jobEnv(record);
  const times = (ms: number | undefined) => (ms === undefined ? undefined : iso(ms));
  return {
    job: record.id,
    meta: {
      cluster: cluster.name,
      roleName: role.name,
      run: record.parent ?? record.id,
      ...given('index', record.index),
      state: record.state,
      ...given('outcome', record.outcome as JobView['outcome']),
      ...given('exit', record.exit),
      ...given('reason', record.reason),
      ...given('worker', record.worker?.name),
      attempt: record.attempt.number,
      createdAt: iso(record.createdAt),
      ...given('startedAt', times(record.startedAt)),
      ...given('endedAt', times(record.endedAt)),
    },
    systemPrompt: env['BOXYARD_SYSTEM_PROMPT'] ?? '',
    userPrompt: env['BOXYARD_PROMPT'] ?? '',
    trigger: {...trigger},
  };
}
