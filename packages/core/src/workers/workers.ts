import type {z} from 'zod';
import type {WorkerView} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {jobsOnWorker} from '../jobs/store-lists.ts';
import type {JobStore} from '../jobs/store.ts';
import {groupsNaming} from '../jobs/store-waiting.ts';
import {checkLabels} from '../security/names.ts';
import type {Caller, WorkerService} from '../services.ts';
import type {Hub} from './hub.ts';
import {workerView} from './rules-view.ts';
import type {WorkerRecord} from './rules.ts';
import {devboxesOn} from './store-boxes.ts';
import type {WorkerFact, WorkerStore} from './store.ts';
import type {TableNews, WorkerTable} from './table.ts';

export interface WorkerServiceDeps {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly table: WorkerTable;
  readonly news: TableNews;
  readonly hub: () => Hub;
  /** Machines that were invited; some never connected. */
  readonly admitted: (
    tenant: string,
  ) => Promise<readonly {readonly worker: string; readonly name: string; readonly labels?: Readonly<Record<string, string>> | undefined}[]>;
  readonly nudge: (things: readonly string[]) => void;
}

type View = z.infer<typeof WorkerView>;

/** Labels an agent gives itself and people hide. */
const mostHidden = 100;

export function createWorkerService(deps: WorkerServiceDeps): WorkerService {
  const {table} = deps;
  return {
    list: async tenant => {
      await deps.news();
      await learnAdmitted(deps, tenant);
      const items = await Promise.all(table.ofTenant(tenant).map(entry => viewOf(deps, entry.record)));
      return {items: items.toSorted((a, b) => (a.name < b.name ? -1 : 1))};
    },
    show: async (tenant, worker) => viewOf(deps, await find(deps, tenant, worker)),
    label: (caller, worker, {set = {}, unset = []}) => {
      checkLabels(set);
      return change(deps, caller, worker, record => {
        const labels = Object.fromEntries(Object.entries({...record.labels, ...set}).filter(([key]) => !unset.includes(key)));
        checkLabels(labels, 'the labels of the worker');
        const hidden = [...new Set([...record.unset, ...unset])].filter(key => !(key in set));
        if (hidden.length > mostHidden) throw new BoxyardError('INVALID_INPUT', {field: 'unset', issue: `more than ${mostHidden} in all`});
        return {after: {...record, labels, unset: hidden}, fact: {type: 'worker.labelled', actor: caller.actor, data: {labels}}};
      });
    },
    cordon: (caller, worker, on) => change(deps, caller, worker, mark(deps, caller, 'cordoned', on)),
    drain: (caller, worker, on) => change(deps, caller, worker, mark(deps, caller, 'draining', on)),
    remove: async (caller, worker) => remove(deps, caller, await find(deps, caller.tenant, worker)),
  };
}

/** Invited machines have a record from the moment somebody looks, or they connect. */
export async function learnAdmitted(
  {admitted, table, workers}: Pick<WorkerServiceDeps, 'admitted' | 'table' | 'workers'>,
  tenant: string,
): Promise<void> {
  for (const {worker, name, labels} of await admitted(tenant))
    if (table.get(worker) === undefined) table.set(await workers.ensure({id: worker, tenant, name, labels}));
}

async function find(deps: WorkerServiceDeps, tenant: string, text: string): Promise<WorkerRecord> {
  await deps.news();
  const look = () => deps.table.ofTenant(tenant).find(({record}) => record.id === text || record.name === text)?.record;
  const found = look() ?? (await learnAdmitted(deps, tenant), look());
  if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'worker', name: text.slice(0, 80), list: 'boxyard workers list'});
  return found;
}

async function viewOf({store, table, workers}: WorkerServiceDeps, record: WorkerRecord): Promise<View> {
  const entry = table.set(record);
  const [boxes, jobs, used] = await Promise.all([devboxesOn(store, record.id), jobsOnWorker(store, record.id), workers.used(record.id)]);
  return workerView({...entry, used}, {devboxes: boxes.length, jobs: jobs.length}, store.rim.clock.now());
}

type Step = (record: WorkerRecord) => {after: WorkerRecord; fact: WorkerFact} | undefined;

async function change(deps: WorkerServiceDeps, caller: Caller, worker: string, step: Step): Promise<View> {
  const {id} = await find(deps, caller.tenant, worker);
  const after = await deps.workers.update(id, step);
  if (after === undefined) throw new BoxyardError('NOT_FOUND', {what: 'worker', name: worker});
  deps.table.set(after);
  deps.nudge([`w:${id}`]);
  return viewOf(deps, after);
}

const mark =
  ({store}: WorkerServiceDeps, caller: Caller, what: 'cordoned' | 'draining', on: boolean): Step =>
  record => {
    if ((record[what] !== undefined) === on) return undefined;
    const at = on ? {at: store.rim.clock.now(), actor: caller.actor} : undefined;
    return {after: {...record, [what]: at}, fact: {type: on ? `worker.${what}` : `worker.un${what}`, actor: caller.actor, data: {}}};
  };

/** Its jobs are lost by each one's policy, its DevBoxes stay on the machine and in the list, as of a worker that is gone. */
async function remove(deps: WorkerServiceDeps, caller: Caller, record: WorkerRecord): Promise<void> {
  const {store} = deps;
  const endJobs = async () => {
    for (const id of await jobsOnWorker(store, record.id))
      await store.step(id, {type: 'removed', message: `${record.name} was removed by ${caller.actor}.`}, {actor: caller.actor});
  };
  // First out of the table: the slots that its jobs give back are not for the next ones.
  deps.table.delete(record.id);
  await endJobs();
  await deps.workers.remove(record, caller.actor);
  // Those that another server sent meanwhile; from now on none can be.
  await endJobs();
  deps.hub().disconnect(record.id, 4403, 'removed');
  deps.table.delete(record.id);
  // What waits for it and for no other is told so.
  deps.nudge(await groupsNaming(store, record));
}
