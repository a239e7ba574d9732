import {createHash} from 'node:crypto';
import type {DevBoxRecord} from '../devboxes/rules.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Change} from '../rim/redis-commit.ts';
import {mostGroups, workerOfGroup} from './rules-needs.ts';
import {execName, isWaiting, writeRecord, versionPrefix, type JobRecord} from './rules-record.ts';
import {addDevBoxEffects, addJobEffects} from './store-effects.ts';
import {addFact} from '../events/store-facts.ts';
import {newId} from '../config/index.ts';
import {isLiveSession} from './rules-tty.ts';
import {newTotals} from './rules-totals.ts';
import type {JobStore} from './store.ts';

export interface Idempotency {
  readonly key: string;
  /** The whole request, for telling a repeat from a reuse. */
  readonly request: unknown;
}

export interface Acceptance {
  readonly tenant: string;
  readonly actor: string;
  readonly jobs: readonly JobRecord[];
  readonly idempotency?: Idempotency | undefined;
  /** Of a run of a role: the cluster it was made of, which must not have changed. */
  readonly cluster?: {readonly id: string; readonly v: number} | undefined;
  /** A DevBox that is new (its name and the plan's limit are taken in the same step) or changes with its job. */
  /** How many live sessions the tenant may have; below 0, any number. */
  readonly mostSessions?: number | undefined;
  readonly devbox?: {readonly before?: DevBoxRecord | undefined; readonly after: DevBoxRecord; readonly limit?: number} | undefined;
}

export type Accepted =
  | {readonly done: 'new'; readonly jobs: readonly JobRecord[]; readonly devbox?: DevBoxRecord | undefined}
  | {readonly done: 'before'; readonly job: string; readonly devbox?: string | undefined}
  /** The DevBox changed meanwhile: read it and build the acceptance again. */
  | {readonly done: 'again'};

/** Idempotency key, quota, records, events, waiting and due rows in one Lua call: durable when it resolves. */
export async function acceptJobs(store: JobStore, acceptance: Acceptance): Promise<Accepted> {
  const {rim, timing} = store;
  const {keys} = rim;
  const {tenant, jobs, idempotency, devbox, mostSessions = -1} = acceptance;
  const context = store.context();
  const idem =
    idempotency === undefined
      ? undefined
      : {key: keys.idempotency(tenant, hash(idempotency.key)), request: hash(JSON.stringify(idempotency.request))};
  const result = await rim.commit(change => {
    if (idem !== undefined) change.is('idempotency', idem.key, '');
    guardDevBox(change, acceptance, store);
    guardExec(change, jobs[0], store);
    if (mostSessions >= 0 && jobs.some(job => isLiveSession(job.spec))) change.below('sessions', keys.sessions(tenant), mostSessions);
    if (acceptance.cluster !== undefined) change.is('cluster', keys.cluster(acceptance.cluster.id), versionPrefix(acceptance.cluster.v));
    guardRun(change, jobs[0], store);
    if (jobs.length > 0) change.fewer('unfinished', keys.live(tenant), store.mostUnfinished);
    for (const job of jobs)
      if (isWaiting(job) && workerOfGroup(job.group) === undefined) change.spare('classes', keys.groups(tenant), job.group, mostGroups);
    if (idem !== undefined)
      change.do(
        idem.key,
        'SET',
        JSON.stringify({request: idem.request, job: jobs[0]!.id, devbox: devbox?.after.id}),
        'PX',
        timing.idempotencyKept,
      );
    for (const job of jobs) {
      addJobEffects(change, undefined, job, context);
      if (job.fan !== undefined) change.do(keys.totals(job.id), 'HSET', ...Object.entries(newTotals(job.fan.total)).flat());
    }
    if (devbox?.before !== undefined) addDevBoxEffects(change, devbox.before, devbox.after, {...context, actor: acceptance.actor});
    else if (devbox !== undefined) addNewDevBox(change, devbox.after, store, context.now);
  });
  if (result.done) {
    for (const job of jobs) store.committed(undefined, job, context);
    return {done: 'new', jobs, devbox: devbox?.after};
  }
  if (result.failed === 'idempotency') return repeated(result.found, idem!.request, idempotency!.key);
  if (result.failed === 'unfinished') throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'jobs that have not ended'});
  if (result.failed === 'classes') throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'different needs waiting at once'});
  if (result.failed === 'role') throw roleBusy(jobs[0]!);
  if (result.failed === 'exec') throw nameLives(jobs[0]!, result.found);
  if (result.failed === 'name') throw nameTaken(devbox!.after.name);
  if (result.failed === 'sessions') throw new BoxyardError('LIMIT_REACHED', {what: 'live sessions', limit: mostSessions});
  if (result.failed === 'limit') throw new BoxyardError('LIMIT_REACHED', {what: 'DevBoxes', limit: devbox!.limit});
  return {done: 'again'};
}

function guardDevBox(change: Change, {tenant, devbox}: Acceptance, {rim: {keys}}: JobStore): void {
  if (devbox === undefined) return;
  if (devbox.before !== undefined) return void change.is('devbox', keys.devbox(devbox.before.id), versionPrefix(devbox.before.v));
  change.noField('name', keys.devboxes(tenant), devbox.after.name);
  if (devbox.limit !== undefined && devbox.limit >= 0) change.below('limit', keys.devboxes(tenant), devbox.limit);
}

/** Whether one more run of its role may go on is decided with its acceptance, so that two at once cannot both pass. */
function guardRun(change: Change, job: JobRecord | undefined, {rim: {keys}}: JobStore): void {
  if (job?.origin !== undefined && job.hold !== 'role_busy') change.below('role', keys.roleRuns(job.origin.role.id), job.origin.most);
}

const roleBusy = ({origin}: JobRecord): BoxyardError => {
  const {cluster, role, most} = origin!;
  const name = `${cluster.name}/${role.name}`;
  return new BoxyardError('LIMIT_REACHED', {
    what: `runs of ${name} at one time`,
    limit: most,
    role: role.id,
    hint: `boxyard jobs list --role ${name} shows them. A larger maxConcurrency lets more in; overlap: queue lets them wait.`,
  });
};

/** Two live execs of one name could not be told apart by `DEVBOX/NAME`. */
function guardExec(change: Change, job: JobRecord | undefined, {rim: {keys}}: JobStore): void {
  const exec = job && execName(job);
  if (exec !== undefined) change.noField('exec', keys.execs(exec.devbox), exec.name);
}

const nameLives = ({name, devboxName}: JobRecord, found: string): BoxyardError =>
  new BoxyardError('CONFLICT', {
    what: `${devboxName}/${name ?? 'display'}`,
    issue: `is already there: job ${found}`,
    hint: `boxyard jobs cancel ${devboxName}/${name}, or another --name`,
    job: found,
  });

function addNewDevBox(change: Change, record: DevBoxRecord, {rim: {keys}}: JobStore, now: number): void {
  change.do(keys.devbox(record.id), 'SET', writeRecord(record));
  change.do(keys.devboxes(record.tenant), 'HSET', record.name, record.id);
  if (record.worker !== undefined) change.do(keys.boxes(record.worker.id), 'SADD', record.id);
  addFact(change, keys, record.tenant, {
    id: newId('e'),
    type: record.adopted ? 'devbox.adopted' : 'devbox.accepted',
    subject: `devboxes/${record.id}`,
    time: now,
    actor: record.actor,
    data: {name: record.name, v: record.v},
  });
}

function repeated(found: string, request: string, key: string): Accepted {
  const before = JSON.parse(found) as {request: string; job: string; devbox?: string};
  if (before.request !== request) throw new BoxyardError('IDEMPOTENCY_MISMATCH', {key});
  return {done: 'before', job: before.job, devbox: before.devbox};
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Children are made in batches after their parent was accepted; their ids follow from it, so a repeat makes none twice. */
export const childId = (parent: string, index: number): string => {
  const bytes = createHash('sha256').update(`${parent}/${index}`).digest();
  return `j-${Array.from(bytes.subarray(0, 26), byte => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join('')}`;
};

/** A child as it is accepted, and, where its parent is ending, as it ends at once. */
export interface Child {
  readonly record: JobRecord;
  readonly ended?: JobRecord;
}

/** One batch of children and how many there are now, in one Lua call; false where somebody else made them. */
export async function makeChildren(store: JobStore, parent: JobRecord, after: JobRecord, children: readonly Child[]): Promise<boolean> {
  const {keys} = store.rim;
  const context = store.context();
  const result = await store.rim.commit(change => {
    change.is('job', keys.job(parent.id), versionPrefix(parent.v));
    addJobEffects(change, parent, after, context);
    for (const {record, ended} of children) {
      addJobEffects(change, undefined, record, context);
      if (ended !== undefined) addJobEffects(change, record, ended, context);
    }
  });
  if (!result.done) return false;
  for (const {record, ended} of children) store.committed(undefined, ended ?? record, context);
  store.committed(parent, after, context);
  return true;
}

/** Also by one whose making failed: it stays to be looked into. */
const nameTaken = (name: string): BoxyardError =>
  new BoxyardError('NAME_TAKEN', {name, hint: `Choose another name, or free it: boxyard devboxes remove ${name} --now`});
