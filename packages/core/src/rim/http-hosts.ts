import {hostname, networkInterfaces} from 'node:os';
import {isIP} from 'node:net';
import {BoxyardError} from '../errors/index.ts';

export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

/**
 * Which `Host` and `Origin` headers are ours: the addresses listened on, the names of loopback, and the public URL; compared
 * whole, with the port, so that a name an attacker points at this machine is refused (DNS rebinding).
 */
export interface HostRules {
  /** Throws `ORIGIN_REFUSED`. */
  check(headers: {readonly host?: string | undefined; readonly origin?: string | undefined}): void;
  add(listening: Listening): void;
}

export function createHostRules(publicUrl?: string): HostRules {
  const listened: Listening[] = [];
  const own = publicUrl === undefined ? undefined : new URL(publicUrl);
  const isAllowed = (host: string) => own?.host === host || listened.some(each => hostsOf(each).includes(host));
  const isOrigin = (origin: string) =>
    own?.origin === origin || listened.some(each => hostsOf(each).some(host => origin === `${each.isTls ? 'https' : 'http'}://${host}`));
  return {
    add: listening => void listened.push(listening),
    check({host, origin}) {
      if (host === undefined || !isAllowed(host.toLowerCase())) throw new BoxyardError('ORIGIN_REFUSED', {host: shown(host ?? 'no host')});
      if (origin !== undefined && !isOrigin(origin)) throw new BoxyardError('ORIGIN_REFUSED', {origin: shown(origin)});
    },
  };
}

const shown = (text: string) => JSON.stringify(text.slice(0, 100)).slice(1, -1);

function hostsOf({host, port, isTls}: Listening): readonly string[] {
  const names = isWildcard(host) ? [...loopback, ...machineNames()] : isLoopback(host) ? [...loopback, bracketed(host)] : [bracketed(host)];
  const withPort = names.map(name => `${name}:${port}`);
  return port === (isTls ? 443 : 80) ? [...withPort, ...names] : withPort;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];
export const isWildcard = (host: string) => host === '0.0.0.0' || host === '::';
export const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
const bracketed = (host: string) => (isIP(host) === 6 ? `[${host.toLowerCase()}]` : host.toLowerCase());

function machineNames(): readonly string[] {
  const name = hostname().toLowerCase();
  return [...machineAddresses().map(bracketed), name, `${name}.local`];
}

/** Addresses other machines may know this one by, of which some are of networks that end here; loopback and link-local ones left out. */
function machineAddresses(isWanted: (network: string) => boolean = () => true): readonly string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => isWanted(name))
    .flatMap(([, each]) => each ?? [])
    .filter(each => !each.internal && !each.address.startsWith('fe80:'))
    .map(each => each.address);
}

/** Networks of container engines and virtual machines: from another machine their addresses lead to itself, or nowhere. */
const endsHere = (network: string): boolean => /^(?:docker|br-|podman|cni|virbr|lxc|lxdbr)/.test(network);

/** `host:port` pairs for a ticket: what a client on another machine (or, on loopback, this one) can dial. */
export function reachable({host, port}: Listening): readonly string[] {
  if (!isWildcard(host)) return [`${bracketed(host)}:${port}`];
  const found = machineAddresses(network => !endsHere(network)).map(address => `${bracketed(address)}:${port}`);
  return found.length === 0 ? [`127.0.0.1:${port}`] : found.slice(0, 8);
}
