import type {IncomingMessage} from 'node:http';
import type {WebSocket} from 'ws';
import type {Access} from '../access/access.ts';
import {authorise} from '../access/rules.ts';
import {TICKET_PROTOCOL, routes, type DisplayQuery, type JobView} from '../api/index.ts';
import {BoxyardError, isBoxyardError, toWire} from '../errors/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
import {holdSocket} from '../rim/http-held-socket.ts';
import type {Http} from '../rim/http.ts';
import type {Session} from '../services.ts';
import {STREAM_WINDOW} from '../streams/index.ts';
import {Controls} from './controls.ts';
import {pageHeaders, readPageFile} from './display-page-files.ts';
import {serveDisplay, type DisplayScope, type DisplaySocketServices} from './display-socket.ts';
import {renewTickets} from './renewals.ts';

export interface DisplayRouteParts {
  readonly access: Pick<Access, 'gate' | 'displayTickets'>;
  readonly services: DisplaySocketServices;
  /** The folder of the page's files, as they were built. */
  readonly displayPage: string;
}

/** A page is told why its ticket is no good, which the answer to a handshake cannot tell it. */
type Admitted = {readonly scope: DisplayScope; readonly devbox?: string} | {readonly refused: BoxyardError};

/** `WS /v1/jobs/:job/display`: as a terminal's, by a token or by a ticket; the tickets, and the page that uses them. */
export function addDisplayRoutes(http: Http, parts: DisplayRouteParts): void {
  const {access, services} = parts;
  const {gate, displayTickets} = access;
  const controls = new Controls();
  http.socket<Admitted>('jobsDisplay', {
    maxPayload: STREAM_WINDOW,
    isForBrowsers: true,
    async admit({params, query, raw}) {
      const ticket = ticketOf(raw);
      if (ticket !== undefined) return admitByTicket(parts, raw, {ticket, job: params['job']!});
      const session = await gate.admit(bearerOf(raw), routes.jobsDisplay.verb);
      const job = await displayOf(services, session, params['job']!);
      return {scope: {session, job: job.id, query: query as DisplayQuery}};
    },
    open(socket, admitted) {
      if ('refused' in admitted) return refuse(socket, admitted.refused);
      const {scope, devbox} = admitted;
      if (!holdSocket(gate, scope.session, socket)) return;
      serveDisplay(socket, scope, services, controls);
      if (devbox === undefined) return;
      const of = {token: gate.tokenOf(scope.session), job: scope.job, devbox, control: scope.query.control};
      renewTickets(socket, devbox, instead => displayTickets.issue(of, instead));
    },
  });
  http.route('jobsDisplayTicket', async ({session, params, body}) => {
    const job = await displayOf(services, session, params['job']!);
    const of = {token: gate.tokenOf(session), job: job.id, devbox: job.devbox?.name ?? job.id, control: body.control};
    const {ticket, expiresAt} = await displayTickets.issue(of);
    return {job: job.id, path: `${routes.displayPage.path}#${job.id}.${ticket}`, expiresAt: new Date(expiresAt).toISOString()};
  });
  addPage(http, parts.displayPage);
}

function addPage(http: Http, folder: string): void {
  const files = {displayPage: 'index.html', displayScript: 'page.js', displayStyle: 'style.css'} as const;
  for (const name of Object.keys(files) as (keyof typeof files)[])
    http.route(name, async ({stream}) => {
      const bytes = await readPageFile(folder, files[name]);
      stream({...pageHeaders(files[name]), 'content-length': String(bytes.length)}).end(bytes);
    });
}

function ticketOf({headers}: IncomingMessage): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(/, */);
  return offered.find(each => each.startsWith(TICKET_PROTOCOL))?.slice(TICKET_PROTOCOL.length, 300);
}

/** Whatever the ticket does not say is not asked: which display, whether it may be controlled, and by whose right. */
async function admitByTicket(
  {access: {gate, displayTickets}, services}: DisplayRouteParts,
  raw: IncomingMessage,
  {ticket, job: named}: {readonly ticket: string; readonly job: string},
): Promise<Admitted> {
  // Programs have tokens; of a page it is known where it came from.
  if (raw.headers.origin === undefined) throw new BoxyardError('ORIGIN_REFUSED', {origin: 'no page of a browser'});
  try {
    const found = await displayTickets.redeem(ticket, named);
    const session = await gate.admitToken(found.token, routes.jobsDisplay.verb);
    const bearer = bearerOf(raw);
    const other = bearer === undefined ? session : await gate.admit(bearer, routes.jobsDisplay.verb);
    if (other.token !== session.token) throw new BoxyardError('TICKET_REFUSED', {why: 'was made for somebody else', devbox: found.devbox});
    const job = await displayOf(services, session, found.job);
    return {scope: {session, job: job.id, query: {control: found.control}}, devbox: found.devbox};
  } catch (error) {
    if (isBoxyardError(error)) return {refused: error};
    throw error;
  }
}

async function displayOf({jobs}: DisplaySocketServices, session: Session, named: string): Promise<JobView> {
  const job = await jobs.show(session.tenant, named);
  authorise(session, 'read', {tenant: job.tenant, what: 'job', name: named});
  if (job.kind !== 'display')
    throw new BoxyardError('INVALID_INPUT', {field: 'job', issue: 'it is no display', hint: 'boxyard displays list'});
  return job;
}

function refuse(socket: WebSocket, error: BoxyardError): void {
  socket.send(JSON.stringify({type: 'error', error: toWire(error)}));
  socket.close(4401, error.code);
}
