import type {WebSocket} from 'ws';
import {routes, type AttachQuery} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
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
      const release = holdSocket(gate, admitted.session, socket);
      if (release === undefined) return;
      socket.once('close', release);
      serveAttach(socket, admitted, services);
    },
  });
}

/** Undefined where the token has too many streams open; the socket is then told so and closed. */
function holdSocket(gate: Gate, session: Session, socket: WebSocket): (() => void) | undefined {
  try {
    return gate.hold(session, () => {
      socket.close(4401, 'token ended');
      socket.terminate();
    });
  } catch (error) {
    socket.close(4429, error instanceof BoxyardError ? error.code : 'refused');
    return undefined;
  }
}
