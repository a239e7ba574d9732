import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import type {WorkerService} from '../services.ts';

/** What `access` does about a worker's credential when it leaves or comes back. */
export interface WorkerAdmissions {
  remove(tenant: string, worker: string, by: string): Promise<void>;
  readmit(tenant: string, worker: string): Promise<{readonly worker: string; readonly name: string}>;
  /** Also those that never connected. */
  admitted(tenant: string): Promise<readonly {readonly worker: string; readonly name: string}[]>;
  strangers(tenant: string): Promise<readonly {readonly worker: string; readonly at: number}[]>;
}

export function addWorkerRoutes(http: Http, workers: WorkerService, admissions: WorkerAdmissions): void {
  http.route('workersList', async ({session}) => pageOf(await workers.list(session.tenant)));
  http.route('workersShow', ({session, params}) => workers.show(session.tenant, params['worker']!));
  http.route('workersLabel', ({session, params, body}) => workers.label(session, params['worker']!, body));
  http.route('workersCordon', ({session, params, body}) => workers.cordon(session, params['worker']!, body.on));
  http.route('workersDrain', ({session, params, body}) => workers.drain(session, params['worker']!, body.on));
  // The credential ends first: a crash in between leaves a worker that cannot come back and can be removed again.
  http.route('workersRemove', async ({session, params}) => {
    const name = params['worker']!;
    const known = await workers.show(session.tenant, name).catch(ifMissing);
    const id = known?.id ?? (await admissions.admitted(session.tenant)).find(each => each.worker === name || each.name === name)?.worker;
    if (id === undefined) throw new BoxyardError('NOT_FOUND', {what: 'worker', name, list: 'boxyard workers list'});
    await admissions.remove(session.tenant, id, session.actor);
    if (known !== undefined) await workers.remove(session, id);
  });
  http.route('workersReadmit', async ({session, body}) => {
    const waiting = await admissions.strangers(session.tenant);
    const wanted = body.worker === undefined ? waiting.map(each => each.worker) : [body.worker];
    const items = [];
    for (const worker of wanted) {
      const {name} = await admissions.readmit(session.tenant, worker);
      items.push({worker, name});
    }
    return pageOf({items});
  });
}

function ifMissing(error: unknown): undefined {
  if (!isBoxyardError(error) || error.code !== 'NOT_FOUND') throw error;
  return undefined;
}
