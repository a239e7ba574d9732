import type {IncomingMessage} from 'node:http';
import {BlockList, isIP} from 'node:net';
import {BoxyardError} from '../errors/index.ts';

/**
 * Who is at the other end. `X-Forwarded-For` counts only where the peer is a proxy that was named, and from the right, so
 * that what a client wrote there itself never does. No other forwarded header is read: `--public-url` says host and scheme.
 */
export interface Remotes {
  of(request: IncomingMessage): string;
  isProxy(address: string): boolean;
}

/** Each an address or `network/bits`; `INVALID_INPUT` for anything else. */
export function createRemotes(proxies: readonly string[] = []): Remotes {
  const list = new BlockList();
  for (const proxy of proxies) addTo(list, proxy);
  const isProxy = (address: string) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return {
    isProxy,
    of(request) {
      const peer = plain(request.socket.remoteAddress ?? '');
      if (!isProxy(peer)) return peer;
      const named = String(request.headers['x-forwarded-for'] ?? '')
        .slice(-mostRead)
        .split(',')
        .map(each => plain(each.trim()));
      const client = named.findLast(each => !isProxy(each));
      return client !== undefined && isIP(client) !== 0 ? client : peer;
    },
  };
}

const mostRead = 2_000;

function addTo(list: BlockList, proxy: string): void {
  const [address = '', bits] = proxy.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  if (isIP(address) === 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most)))
    throw new BoxyardError('INVALID_INPUT', {
      field: '--trusted-proxy',
      issue: `expected an address or NETWORK/BITS, got ${proxy.slice(0, 60)}`,
    });
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, '');

/** Whose limits an address shares: a whole /64 of IPv6 is one household. */
export function householdOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(group => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter(group => group !== '');
  const whole = tail === undefined ? groups : [...groups, ...Array.from({length: 8 - groups.length - rest.length}, () => '0'), ...rest];
  return `${whole
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
