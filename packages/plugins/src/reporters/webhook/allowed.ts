import {BlockList, isIP} from 'node:net';

/** What the owner of the server opens: a host by its exact name, or a network. */
export interface Allowed {
  readonly host?: string | undefined;
  readonly network?: BlockList | undefined;
  readonly port?: number | undefined;
}

export interface Target {
  /** As in the URL, normalised, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Undefined for what is neither. */
export function parseAllowed(text: string): Allowed | undefined {
  const match =
    /^(?:\[([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?\](?::(\d{1,5}))?|([^:/\s[\]]+)(?:\/(\d{1,3}))?(?::(\d{1,5}))?|([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?)$/.exec(
      text,
    );
  if (match === null) return undefined;
  const name = (match[1] ?? match[4] ?? match[7])!;
  const bits = match[2] ?? match[5] ?? match[8];
  const port = portOf(match[3] ?? match[6]);
  if (port === null) return undefined;
  const family = isIP(name);
  if (family === 0) return bits === undefined && /^[A-Za-z0-9._-]+$/.test(name) ? {host: hostOf(name), port} : undefined;
  const most = family === 4 ? 32 : 128;
  if (bits !== undefined && Number(bits) > most) return undefined;
  const network = new BlockList();
  network.addSubnet(name, bits === undefined ? most : Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return {network, port};
}

/** Null where there can be no such port. */
function portOf(text: string | undefined): number | undefined | null {
  if (text === undefined) return undefined;
  return Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : null;
}

/** Names are compared whole: `good.example` opens nothing of `good.example.evil.com`. */
export const hostOf = (name: string): string => name.toLowerCase().replace(/\.$/, '');

const isPort = (allowed: Allowed, port: number): boolean => allowed.port === undefined || allowed.port === port;

export const opensName = (all: readonly Allowed[], {host, port}: Target): boolean =>
  all.some(allowed => isPort(allowed, port) && allowed.host !== undefined && allowed.host === hostOf(host));

export const opensAddress = (all: readonly Allowed[], address: string, port: number): boolean =>
  all.some(allowed => isPort(allowed, port) && allowed.network?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') === true);
