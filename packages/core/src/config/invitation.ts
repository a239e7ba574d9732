import {BoxyardError} from '../errors/index.ts';

/**
 * The line a person carries: `bxi_<addresses>_<fingerprint>_<secret>` for a worker, `bxt_…` for a token. Addresses are
 * `host:port` joined by commas; the fingerprint is the hex SHA-256 of the server's public key, `0` where it speaks plain
 * text; the secret is base32 (256 bit), so none of the parts holds an underscore.
 */
export interface Ticket {
  readonly kind: 'bxi' | 'bxt';
  readonly addresses: readonly string[];
  readonly fingerprint: string | undefined;
  readonly secret: string;
}

export const formatTicket = (ticket: Ticket): string =>
  [ticket.kind, ticket.addresses.join(','), ticket.fingerprint ?? '0', ticket.secret].join('_');

const form = /^(bxi|bxt)_([^_\s]+)_(0|[0-9a-f]{64})_([a-z2-7]{26,64})$/;

export function parseTicket(line: string, kind: Ticket['kind']): Ticket {
  const match = form.exec(line.trim());
  if (match?.[1] !== kind)
    throw new BoxyardError('INVALID_INPUT', {
      field: kind === 'bxi' ? 'invitation' : 'token',
      issue: `expected ${kind}_<address>_<fingerprint>_<secret>`,
    });
  return {kind, addresses: match[2]!.split(','), fingerprint: match[3] === '0' ? undefined : match[3]!, secret: match[4]!};
}
