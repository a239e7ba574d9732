import {addInvitationRoutes} from './access/routes-invitations.ts';
import {addTenantRoutes} from './access/routes-tenants.ts';
import {addAccessRoutes, type ServerFacts} from './access/routes.ts';
import type {Access} from './access/access.ts';
import {openApi} from './api/openapi.ts';
import {addClusterRoutes} from './clusters/routes.ts';
import {addDevBoxRoutes, addFileRoutes} from './devboxes/routes.ts';
import {addFolderRoutes} from './folders/routes.ts';
import {addEventRoutes} from './events/sse.ts';
import {addImageRoutes} from './images/routes.ts';
import {addAttachRoute} from './jobs/routes-attach.ts';
import {addJobRoutes} from './jobs/routes.ts';
import {addPluginRoute} from './reports/routes-plugins.ts';
import {addWebhookRoutes} from './reports/routes.ts';
import type {Http} from './rim/http.ts';
import type {Metrics} from './rim/metrics.ts';
import type {Services} from './services.ts';
import {addDisplayRoutes} from './sessions/routes-display.ts';
import {addPortRoute, addTerminalRoute} from './sessions/routes.ts';
import {addWorkerRoutes} from './workers/routes.ts';

export interface RouteParts {
  readonly access: Access;
  readonly services: Services;
  readonly metrics: Metrics;
  readonly server: ServerFacts;
  /** The folder of the page that shows a display in a browser. */
  readonly displayPage: string;
}

/** Every route of /v1 but the agents' socket, which the hub adds itself. Call once, before `listen`. */
export function addRoutes(http: Http, {access, services, metrics, server, displayPage}: RouteParts): void {
  let description: ReturnType<typeof openApi> | undefined;
  // Most servers are never asked, and it takes longer than all the rest here.
  http.route('openapi', async () => (description ??= openApi(server.version)));
  http.route('metrics', () => metrics.text());
  addAccessRoutes(http, access, server);
  addInvitationRoutes(http, access);
  addTenantRoutes(http, access, services);
  addJobRoutes(http, services);
  addAttachRoute(http, access.gate, services);
  addTerminalRoute(http, access.gate, services);
  addDisplayRoutes(http, {access, services, displayPage});
  addPortRoute(http, access.gate, services.ports);
  addDevBoxRoutes(http, services.devboxes, services.jobs);
  addFileRoutes(http, services.files);
  addImageRoutes(http, services.images, services.jobs);
  addClusterRoutes(http, services.clusters);
  addFolderRoutes(http, services.folders, services.clusters);
  addWorkerRoutes(http, services.workers, access.workers);
  addEventRoutes(http, services.events);
  addWebhookRoutes(http, services.webhooks);
  addPluginRoute(http, services.plugins, services.workers);
}
