import {isIP} from 'node:net';
import {opensAddress, opensName, type Allowed, type Target} from './allowed.ts';
import {isPublicAddress} from './public-address.ts';

export type Resolve = (name: string) => Promise<readonly {readonly address: string}[]>;

/** Where to connect. `addresses` were checked; nothing else is connected to. */
export interface Checked {
  readonly addresses: readonly string[];
}
export interface Refused {
  readonly refused: string;
}

/** The same words whatever stands behind a name: nobody learns from them what there is in a network of the server's. */
const notPublic = 'its address is not a public one, and the owner of the server did not allow it';
const mostAddresses = 4;

/** What can be said of a URL before any name is asked for; undefined where it may be tried. */
export function wrongUrl(text: string, allowed: readonly Allowed[]): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'expected an https address';
  if (url.username !== '' || url.password !== '') return 'a user or password in it would be sent to nobody; put a token into the path';
  if (url.hash !== '') return 'what follows # is never sent; leave it out';
  const target = targetOf(url);
  const literal = isIP(target.host) === 0 ? undefined : target.host;
  const isOpened = opensName(allowed, target) || (literal !== undefined && opensAddress(allowed, literal, target.port));
  if (isOpened) return undefined;
  if (literal !== undefined && !isPublicAddress(literal)) return notPublic;
  // Which addresses a name has is known when it is used; until then any network that is allowed may be meant.
  const mayBe = literal === undefined && allowed.some(({network, port}) => network !== undefined && (port ?? target.port) === target.port);
  if (mayBe) return undefined;
  if (url.protocol === 'http:') return 'expected https: only the owner of the server can allow http';
  return target.port === 443 ? undefined : 'expected port 443: only the owner of the server can allow others';
}

export const targetOf = (url: URL): Target => ({
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
});

/**
 * Asks for the name once and checks every address it has: one that is neither public nor allowed refuses them all, since a name
 * that has both is an attack or a mistake. Rejects where the name cannot be asked for.
 */
export async function checkTarget(url: URL, allowed: readonly Allowed[], resolve: Resolve): Promise<Checked | Refused> {
  const target = targetOf(url);
  const addresses = isIP(target.host) === 0 ? (await resolve(target.host)).map(({address}) => address) : [target.host];
  if (addresses.length === 0) return {refused: 'its name has no address'};
  const isNamed = opensName(allowed, target);
  const isAllowed = (address: string) => isNamed || opensAddress(allowed, address, target.port);
  const isUsual = url.protocol === 'https:' && target.port === 443;
  if (!addresses.every(address => isAllowed(address) || (isUsual && isPublicAddress(address)))) return {refused: notPublic};
  return {addresses: addresses.slice(0, mostAddresses)};
}
