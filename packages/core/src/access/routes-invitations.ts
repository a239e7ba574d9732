import {formatTicket} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import {createRateLimit} from '../rim/rate-limit.ts';
import type {Access} from './access.ts';

/** Refused redemptions of one address; the secret has 256 bits, so this only keeps the work small. */
const refusals = {burst: 30, perSecond: 0.5};

/** How machines become workers. */
export function addInvitationRoutes(http: Http, access: Access): void {
  const {invitations, installation, tenants} = access;
  const limit = createRateLimit(refusals);
  http.route('invitationsCreate', async ({session, body}) => {
    const {addresses, fingerprint} = access.reachable;
    const {view, secret} = await invitations.create(session, body, addresses);
    return {...view, line: formatTicket({kind: 'bxi', addresses, fingerprint, secret})};
  });
  http.route('invitationsList', async ({session}) => pageOf({items: await invitations.list(session.tenant)}));
  http.route('invitationsRemove', ({session, params}) => invitations.remove(session, params['invitation']!));
  http.route('invitationsRedeem', async ({body, remote}) => {
    const wait = limit.waitMs(remote);
    if (wait > 0)
      throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'refused invitations from this address', retryAfter: Math.ceil(wait / 1_000)});
    const allowed = async (tenant: string) => (await tenants.policy(tenant)).limits.workers;
    try {
      const made = await invitations.redeem(body, allowed);
      const {name} = await tenants.policy(made.tenant);
      return {...made, tenantName: name, installation: installation.id};
    } catch (error) {
      limit.take(remote);
      throw error;
    }
  });
}
