import {routes, type AttachQuery} from '../api/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
import {holdSocket} from '../rim/http-held-socket.ts';
import type {Gate, Http} from '../rim/http.ts';
import type {Session} from '../services.ts';
import {authorise} from '../access/rules.ts';
import {serveAttach} from './attach.ts';
import type {JobRouteServices} from './routes.ts';

const MAX_CLIENT_FRAME = 256 * 1024;

interface Admitted {
  readonly session: Session;
  readonly job: string;
  readonly query: AttachQuery;
}

/** `WS /v1/jobs/:job/attach`: looked up and authorised before the handshake is answered, so a foreign job is a plain 404. */
export function addAttachRoute(http: Http, gate: Gate, services: JobRouteServices): void {
  http.socket<Admitted>('jobsAttach', {
    maxPayload: MAX_CLIENT_FRAME,
    isForBrowsers: true,
    async admit({params, query, raw}) {
      const session = await gate.admit(bearerOf(raw), routes.jobsAttach.verb);
      const asked = query as AttachQuery;
      if (asked.stdin === 'true') authorise(session, 'run');
      const job = await services.jobs.show(session.tenant, params['job']!);
      authorise(session, 'read', {tenant: job.tenant, what: 'job', name: params['job']!});
      return {session, job: job.id, query: asked};
    },
    open(socket, admitted) {
      if (holdSocket(gate, admitted.session, socket)) serveAttach(socket, admitted, services);
    },
  });
}
