import {BoxyardError} from '../errors/index.ts';

/**
 * Every key of the server, in one place. All carry one hash tag, so that one Lua call may touch any of them on a cluster
 * too (for availability, not scale). Parts are ids and hashes; a part with a separator is refused.
 */
export function createKeys(prefix: string) {
  const key = (...parts: readonly string[]): string => {
    for (const part of parts)
      if (!/^[A-Za-z0-9_.-]+$/.test(part)) throw new BoxyardError('INVALID_INPUT', {field: 'name', issue: 'not an id'});
    return `{${prefix}}:${parts.join(':')}`;
  };
  return {
    prefix,
    /** Prefix of BullMQ's keys. */
    queues: `{${prefix}}:q`,
    installation: key('installation'),
    incarnation: key('incarnation'),
    pulse: key('pulse'),
    due: key('due'),
    tenants: key('tenants'),
    job: (id: string) => key('job', id),
    jobs: (tenant: string) => key('jobs', tenant),
    live: (tenant: string) => key('live', tenant),
    ids: (tenant: string) => key('ids', tenant),
    totals: (job: string) => key('totals', job),
    children: (job: string) => key('children', job),
    /** What running jobs last said of how far they are. */
    progress: (tenant: string) => key('progress', tenant),
    idempotency: (tenant: string, hash: string) => key('idem', tenant, hash),
    waiting: (tenant: string, group: string) => key('waiting', tenant, group),
    /** Waiting groups; those that name a worker lie apart, so that nobody else need look at them. */
    groups: (tenant: string, worker?: string) => (worker === undefined ? key('groups', tenant) : key('groups', tenant, worker)),
    workers: (tenant: string) => key('workers', tenant),
    allWorkers: key('all-workers'),
    workerChanges: key('worker-changes'),
    workerNames: (tenant: string) => key('worker-names', tenant),
    worker: (id: string) => key('worker', id),
    workerJobs: (id: string) => key('worker-jobs', id),
    held: (id: string) => key('held', id),
    used: (id: string) => key('used', id),
    outbox: (id: string) => key('outbox', id),
    lease: (id: string) => key('lease', id),
    boxes: (id: string) => key('boxes', id),
    bell: (server: string) => key('bell', server),
    server: (server: string) => key('server', server),
    ...clusterKeys(key),
    devbox: (id: string) => key('devbox', id),
    sessions: (tenant: string) => key('sessions', tenant),
    devboxes: (tenant: string) => key('devboxes', tenant),
    /** Names of a DevBox's execs that have not ended, with their jobs. */
    execs: (id: string) => key('execs', id),
    devboxJobs: (id: string) => key('devbox-jobs', id),
    events: (tenant: string) => key('events', tenant),
    audited: key('audited'),
    auditing: key('auditing'),
    seq: (tenant: string) => key('seq', tenant),
    ...webhookKeys(key),
  };
}
const clusterKeys = (key: (...parts: readonly string[]) => string) => ({
  cluster: (id: string) => key('cluster', id),
  /** Names of a tenant's clusters, with their ids. */
  clusters: (tenant: string) => key('clusters', tenant),
  /** Runs of a role that go on, those that wait, and all there are in the history. */
  roleRuns: (role: string) => key('role-runs', role),
  roleQueue: (role: string) => key('role-queue', role),
  roleJobs: (role: string) => key('role-jobs', role),
  /** The worker on which all jobs of a role run. */
  roleHome: (role: string) => key('role-home', role),
  /** By what senders outside sign for it, sealed. */
  roleSecrets: (role: string) => key('role-secrets', role),
  /** A folder of a cluster, those in which something is, and how much all of a tenant hold. */
  folder: (cluster: string, folder: string) => key('folder', cluster, ...folder.split('/')),
  folders: (cluster: string) => key('folders', cluster),
  foldersUsed: (tenant: string) => key('folders-used', tenant),
  /** What a run's jobs did to folders, and which are its own. */
  runFolders: (run: string) => key('run-folders', run),
  /** Changes that a role is to be started for. */
  watch: (role: string) => key('watch', role),
});
export type Keys = ReturnType<typeof createKeys>;

const webhookKeys = (key: (...parts: readonly string[]) => string) => ({
  /** Webhooks: ids with names, names with ids, and of all tenants ids with tenants. */
  webhooks: (tenant: string) => key('webhooks', tenant),
  webhookNames: (tenant: string) => key('webhook-names', tenant),
  allWebhooks: key('all-webhooks'),
  webhook: (id: string) => key('webhook', id),
  webhookState: (id: string) => key('webhook-state', id),
  webhookLease: (id: string) => key('webhook-lease', id),
  webhookLog: (id: string) => key('webhook-log', id),
  webhookDead: (id: string) => key('webhook-dead', id),
  webhookExtras: (id: string) => key('webhook-extras', id),
});
