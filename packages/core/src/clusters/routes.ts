import {pageOf, type ApiHandler, type Http} from '../rim/http.ts';
import type {ClusterService} from '../services.ts';

export function addClusterRoutes(http: Http, clusters: ClusterService): void {
  http.route('clustersList', async ({session}) => pageOf(await clusters.list(session.tenant)));
  http.route('clustersApply', ({session, body}) => clusters.apply(session, body.document, body.dryRun === true));
  http.route('clustersCreate', ({session, body}) => clusters.create(session, body));
  http.route('clustersShow', ({session, params}) => clusters.show(session.tenant, params['cluster']!));
  http.route('clustersUpdate', ({session, params, body}) => clusters.update(session, params['cluster']!, body));
  http.route('clustersRemove', ({session, params}) => clusters.remove(session, params['cluster']!));
  http.route('clustersStop', async ({session, params, body}) => ({jobs: await clusters.stop(session, params['cluster']!, body.role)}));
  http.route('rolesCreate', ({session, params, body}) => clusters.addRole(session, params['cluster']!, body));
  http.route('rolesShow', ({session, params}) => clusters.showRole(session.tenant, params['cluster']!, params['role']!));
  http.route('rolesUpdate', ({session, params, body}) => clusters.putRole(session, params['cluster']!, params['role']!, body));
  http.route('rolesRemove', ({session, params}) => clusters.removeRole(session, params['cluster']!, params['role']!));
  http.route('rolesWebhook', ({session, params}) => clusters.webhook(session.tenant, params['cluster']!, params['role']!));
  http.route('rolesWebhookRotate', ({session, params, body}) => clusters.rotateWebhook(session, params['cluster']!, params['role']!, body));
  http.route('rolesWebhookUnsign', ({session, params}) => clusters.unsignWebhook(session, params['cluster']!, params['role']!));
  http.route('rolesTrigger', triggered(clusters), clusters.signed);
  http.route('rolesRun', ({session, params, body, idempotencyKey}) =>
    clusters.run(session, {cluster: params['cluster']!, role: params['role']!}, body, idempotencyKey),
  );
}

const triggered =
  (clusters: ClusterService): ApiHandler<'rolesTrigger'> =>
  async ({session, params, body, idempotencyKey, isProved}) => {
    const {prompt, ...payload} = body;
    const trigger = {type: 'webhook' as const, ...(isProved ? {signed: true} : {})};
    const hasPayload = Object.keys(payload).length > 0;
    const request = {...(prompt === undefined ? {} : {prompt}), ...(hasPayload ? {payload: JSON.stringify(payload)} : {})};
    const place = {cluster: params['cluster']!, role: params['role']!, trigger};
    return {ok: true as const, job: (await clusters.run(session, place, request, idempotencyKey)).id};
  };
