import {BlockList, isIP} from 'node:net';

/** IPv4 that is not the public Internet: IANA's special-purpose registry, multicast and what is reserved. */
const special4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** Of IPv6 only 2000::/3 is given out; these parts of it lead elsewhere: special uses and Teredo, documentation, 6to4. */
const special6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const listOf = (family: 'ipv4' | 'ipv6', networks: readonly (readonly [string, number])[]): BlockList => {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, family);
  return list;
};
const not4 = listOf('ipv4', special4);
const not6 = listOf('ipv6', special6);
const given6 = listOf('ipv6', [['2000::', 3]]);

/**
 * Whether an address is one of the public Internet, with nothing of ours behind it: no loopback, private, link-local, shared,
 * multicast or documentation network, and no form of IPv6 that carries an IPv4 address. Anything that is no address is not.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !not4.check(address, 'ipv4');
  return family === 6 && !address.includes('%') && given6.check(address, 'ipv6') && !not6.check(address, 'ipv6');
}
