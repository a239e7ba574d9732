import {authorise} from '../access/rules.ts';
import {routes, type TerminalQuery} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {PortNumber} from '../protocol/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
import {holdSocket} from '../rim/http-held-socket.ts';
import type {Gate, Http} from '../rim/http.ts';
import type {PortService} from '../services.ts';
import {STREAM_WINDOW} from '../streams/index.ts';
import {servePort, type PortScope} from './port-socket.ts';
import {serveTerminal, type TerminalScope, type TerminalSocketServices} from './terminal-socket.ts';

const MAX_CLIENT_FRAME = 64 * 1024;

/** `WS /v1/jobs/:job/terminal`: looked up and authorised before the handshake is answered, so a foreign job is a plain 404. */
export function addTerminalRoute(http: Http, gate: Gate, services: TerminalSocketServices): void {
  http.socket<TerminalScope>('jobsTerminal', {
    maxPayload: MAX_CLIENT_FRAME,
    isForBrowsers: true,
    async admit({params, query, raw}) {
      const session = await gate.admit(bearerOf(raw), routes.jobsTerminal.verb);
      const job = await services.jobs.show(session.tenant, params['job']!);
      authorise(session, 'read', {tenant: job.tenant, what: 'job', name: params['job']!});
      if (job.session === undefined)
        throw new BoxyardError('INVALID_INPUT', {field: 'job', issue: 'it has no terminal', hint: `boxyard jobs logs ${job.id}`});
      return {session, job: job.id, query: query as TerminalQuery};
    },
    open(socket, admitted) {
      if (holdSocket(gate, admitted.session, socket)) serveTerminal(socket, admitted, services);
    },
  });
}

/** Bytes of the credit may come in one message. */
const MAX_PORT_FRAME = STREAM_WINDOW;

/** `WS /v1/devboxes/:devbox/ports/:port`: one socket is one connection. Needs the right to run, as a command in the DevBox does. */
export function addPortRoute(http: Http, gate: Gate, ports: PortService): void {
  http.socket<PortScope>('devboxesPort', {
    maxPayload: MAX_PORT_FRAME,
    isForBrowsers: true,
    async admit({params, raw}) {
      const session = await gate.admit(bearerOf(raw), routes.devboxesPort.verb);
      const port = portOf(params['port']!);
      return {session, port, place: await ports.find(session.tenant, params['devbox']!)};
    },
    open(socket, admitted) {
      if (holdSocket(gate, admitted.session, socket)) servePort(socket, admitted, ports);
    },
  });
}

function portOf(text: string): number {
  const port = PortNumber.safeParse(/^\d{1,5}$/.test(text) ? Number(text) : undefined);
  if (port.success) return port.data;
  throw new BoxyardError('INVALID_INPUT', {field: 'port', issue: `expected 1 to 65535, got ${text.slice(0, 20)}`});
}
