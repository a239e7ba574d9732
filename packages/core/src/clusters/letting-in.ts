import type {JobView, Origin, RunRoleRequest} from '../api/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Caller, ClusterService, RoleRun, RunAgain} from '../services.ts';
import {type ClusterRecord, type RoleRecord, findRole} from './rules.ts';
import {type RunExtras, folderPlan, runEnv, runRequest} from './rules-run.ts';
import {getCluster, openRuns, readCluster} from './store.ts';

export interface LettingInDeps {
  readonly rim: RedisRim;
  readonly cancel: (caller: Caller, job: string, reason: string) => Promise<unknown>;
}

export interface RunnerDeps extends LettingInDeps {
  /** Accepts a run of a role; `LIMIT_REACHED` where as many go on as may, unless it may wait. */
  readonly runRole: (caller: Caller, run: RoleRun) => ReturnType<ClusterService['run']>;
}

const mostTries = 20;

export const createRunner =
  (deps: RunnerDeps): ClusterService['run'] =>
  (caller, place, request, key) =>
    untilUnchanged(async () => {
      const record = await getCluster(deps.rim, caller.tenant, place.cluster);
      const role = findRole(record, place.role);
      const run = roleRun({record, role, request, key, trigger: place.trigger ?? {type: 'manual'}});
      return letIn(deps, caller, role, waits => deps.runRole(caller, waits ? {...run, waits} : run));
    });

/** Of a role as it is now, with what the run that ended was told; `CONFLICT` where the role is gone, `FORBIDDEN` where its cluster is disabled. */
export const createRunAgain =
  (deps: LettingInDeps): RunAgain =>
  (caller, {cluster, role: {id, name}}, start) =>
    untilUnchanged(async () => {
      const record = await readCluster(deps.rim, cluster.id);
      const role = record?.tenant === caller.tenant ? record.roles.find(one => one.id === id) : undefined;
      if (record === undefined || role === undefined)
        throw new BoxyardError('CONFLICT', {
          what: `Role ${cluster.name}/${name}`,
          issue: 'is no longer there',
          hint: 'boxyard clusters list',
        });
      checkEnabled(record);
      const now = {v: record.v, most: role.maxConcurrency ?? 1};
      return letIn(deps, caller, role, waits => start({...now, waits}));
    });

/** A cluster that changes in the middle is read again. */
async function untilUnchanged(attempt: () => Promise<JobView>): Promise<JobView> {
  for (let tries = 1; ; tries += 1) {
    const job = await attempt().catch((error: unknown) => {
      if (tries >= mostTries || !hasChanged(error)) throw error;
    });
    if (job !== undefined) return job;
  }
}

/** One run more of a role, as its `overlap` says. */
async function letIn(deps: LettingInDeps, caller: Caller, role: RoleRecord, start: (waits: boolean) => Promise<JobView>): Promise<JobView> {
  const {overlap = 'reject'} = role;
  const job = await start(false).catch((error: unknown) => {
    if (overlap === 'reject' || !isBusy(error)) throw error;
    return start(true);
  });
  if (overlap === 'replace') await endOlder(deps, caller, role, job);
  return job;
}

interface Asked {
  readonly record: ClusterRecord;
  readonly role: RoleRecord;
  readonly request: RunRoleRequest & RunExtras;
  readonly key: string | undefined;
  readonly trigger: Origin['trigger'];
}

function roleRun({record, role, request, key, trigger}: Asked): RoleRun {
  if (trigger.type === 'webhook' && role.triggers?.webhook === false)
    throw new BoxyardError(
      'FORBIDDEN',
      {},
      {message: `${record.name}/${role.name} is not to be run by a webhook.`, hint: 'Its triggers say webhook: false.'},
    );
  checkEnabled(record);
  return {
    request: runRequest(role),
    // What is signed is told from others by its sender's id alone, which comes again with it.
    asked: {cluster: record.id, role: role.id, ...(trigger.signed === true ? {} : request)},
    key,
    v: record.v,
    isSameWorker: role.sameWorker,
    origin: {
      cluster: {id: record.id, name: record.name},
      role: {id: role.id, name: role.name},
      trigger,
      most: role.maxConcurrency ?? 1,
      ...runEnv(role, request, record),
      folders: folderPlan(role, record.folders),
    },
  };
}

function checkEnabled({name, enabled}: ClusterRecord): void {
  if (enabled) return;
  throw new BoxyardError('FORBIDDEN', {}, {message: `Cluster ${name} is disabled.`, hint: `boxyard clusters enable ${name}`});
}

const hasChanged = (error: unknown): boolean => isBoxyardError(error) && error.code === 'CONFLICT' && error.details['again'] === true;
const isBusy = (error: unknown): boolean => isBoxyardError(error) && error.code === 'LIMIT_REACHED' && error.details['role'] !== undefined;

/** So many older runs of the role, oldest first, as keep this one from going on. Asked again for the same run it ends no newer one. */
async function endOlder({rim, cancel}: LettingInDeps, caller: Caller, role: RoleRecord, job: JobView): Promise<void> {
  const asked = Date.parse(job.createdAt);
  const older = (await openRuns(rim, role.id)).filter(run => run.id !== job.id && run.createdAt <= asked);
  const beyond = older.length - (role.maxConcurrency ?? 1) + 1;
  const oldest = older.toSorted((a, b) => a.createdAt - b.createdAt).slice(0, Math.max(0, beyond));
  for (const {id} of oldest) await cancel(caller, id, 'a newer run takes its place');
}
