import type {TenantView} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import type {DevBoxService, JobService, Session} from '../services.ts';
import type {Access} from './access.ts';
import {authorise} from './rules.ts';
import {newToken} from './routes.ts';
import {limitsOf, type TenantRecord} from './tenants.ts';

interface Counted {
  readonly devboxes: Pick<DevBoxService, 'list'>;
  readonly jobs: Pick<JobService, 'liveSessions'>;
}

/** Tenants: one's own; all of them for an operator. */
export function addTenantRoutes(http: Http, access: Access, {devboxes, jobs}: Counted): void {
  const {tenants, workers, installation} = access;
  const view = async (record: TenantRecord): Promise<TenantView> => {
    const [admitted, boxes, sessions] = await Promise.all([
      workers.admitted(record.id),
      devboxes.list(record.id),
      jobs.liveSessions(record.id),
    ]);
    const {id, name, plan, minimumProfile, defaultProfile, createdAt} = record;
    const used = {workers: admitted.length, devboxes: boxes.items.length, sessions};
    return {id, name, plan, limits: limitsOf(record), used, minimumProfile, defaultProfile, createdAt};
  };
  /** Another's tenant is not there, except for the operator. */
  const find = async (session: Session, name: string): Promise<TenantRecord> => {
    const record = await tenants.get(name);
    if (!session.isOperator) authorise(session, 'read', {tenant: record.id, what: 'tenant', name});
    return record;
  };
  http.route('tenantsList', async ({session}) => {
    const records = session.isOperator ? await tenants.list() : [await tenants.get(session.tenant)];
    return pageOf({items: await Promise.all(records.map(view))});
  });
  http.route('tenantsShow', async ({session, params}) => view(await find(session, params['tenant']!)));
  http.route('tenantsCreate', async ({session, body}) => {
    if (!session.isOperator)
      throw new BoxyardError('FORBIDDEN', {access: session.access, hint: 'Only owners of the first tenant make tenants.'});
    const record = await tenants.create(body.name, body.plan ?? 'enterprise', session.actor);
    installation.rememberTenant({id: record.id, name: record.name});
    const token = await newToken(access, {tenant: record.id, actor: session.actor}, {name: 'owner', access: 'owner'});
    return {tenant: await view(record), token};
  });
  http.route('tenantsSet', async ({session, params, body}) => {
    const record = await find(session, params['tenant']!);
    if ((body.plan !== undefined || body.limits !== undefined) && !session.isOperator)
      throw new BoxyardError('FORBIDDEN', {access: session.access, hint: 'Only owners of the first tenant decide about plans and limits.'});
    const changed = await tenants.set(record.id, body, session.actor);
    installation.rememberTenant({id: changed.id, name: changed.name});
    return view(changed);
  });
}
