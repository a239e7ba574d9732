import {pageOf, type Http} from '../rim/http.ts';
import type {WebhookService} from '../services.ts';

const usualDeliveries = 50;

/** Who outside is told about events. */
export function addWebhookRoutes(http: Http, webhooks: WebhookService): void {
  http.route('webhooksCreate', ({session, body}) => webhooks.create(session, body));
  http.route('webhooksList', async ({session}) => pageOf(await webhooks.list(session.tenant)));
  http.route('webhooksShow', ({session, params}) => webhooks.show(session.tenant, params['webhook']!));
  http.route('webhooksUpdate', ({session, params, body}) => webhooks.update(session, params['webhook']!, body));
  http.route('webhooksRemove', ({session, params}) => webhooks.remove(session, params['webhook']!));
  http.route('webhooksEnable', ({session, params, body}) => webhooks.enable(session, params['webhook']!, body));
  http.route('webhooksDisable', ({session, params}) => webhooks.disable(session, params['webhook']!));
  http.route('webhooksRotate', ({session, params, body}) => webhooks.rotate(session, params['webhook']!, body));
  http.route('webhooksTest', ({session, params}) => webhooks.test(session, params['webhook']!));
  http.route('webhooksDeliveries', async ({session, params, query}) =>
    pageOf(await webhooks.deliveries(session.tenant, params['webhook']!, query.limit ?? usualDeliveries)),
  );
  http.route('webhooksRedeliver', ({session, params, body}) => webhooks.redeliver(session, params['webhook']!, body));
  http.route('webhooksDeadLetters', async ({session, params}) => pageOf(await webhooks.deadLetters(session.tenant, params['webhook']!)));
}
