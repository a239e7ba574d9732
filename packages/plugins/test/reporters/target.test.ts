import {expect, test} from 'vitest';
import {parseAllowed} from '../../src/reporters/webhook/allowed.ts';
import {isPublicAddress} from '../../src/reporters/webhook/public-address.ts';
import {checkTarget, wrongUrl} from '../../src/reporters/webhook/target.ts';

test.each([
  '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255',
  '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1',
  '2001::1', '2001:0:7f00:1::', '2001:db8::1', '2002:7f00:1::', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1',
  'localhost', '', '127.1',
])('%s is not public', address => expect(isPublicAddress(address)).toBe(false)); // prettier-ignore

test.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is public',
  address => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  'http://example.com/', 'https://example.com:8443/', 'ftp://example.com/', 'gopher://example.com/', 'file:///etc/passwd', 'nothing',
  'https://user@example.com/', 'https://good.example@evil.example/', 'https://example.com/#part',
  'https://127.0.0.1/', 'https://127.1/', 'https://0x7f000001/', 'https://2130706433/', 'https://017700000001/', 'https://0/',
  'https://[::1]/', 'https://[::]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:a9fe:a9fe]/', 'https://169.254.169.254/latest/meta-data',
  'https://[64:ff9b::a9fe:a9fe]/', 'https://[2002:a9fe:a9fe::1]/', 'https://[fd00:ec2::254]/',
])('%s is refused before any name is asked for', url => expect(wrongUrl(url, [])).toBeTypeOf('string')); // prettier-ignore

const check = async (url: string, addresses: readonly string[], allow: readonly string[] = []) => {
  const asked: string[] = [];
  const resolve = async (name: string) => (asked.push(name), addresses.map(address => ({address})));
  return {
    asked,
    ...(await checkTarget(
      new URL(url),
      allow.map(text => parseAllowed(text)!),
      resolve,
    )),
  };
};

test.each([
  ['a private one', ['10.0.0.1']],
  ['a public one and a private one', ['1.1.1.1', '127.0.0.1']],
  ['the other way round', ['127.0.0.1', '1.1.1.1']],
  ['one of the metadata service', ['169.254.169.254']],
  ['an IPv4 one in IPv6', ['::ffff:10.0.0.1']],
  ['none', []],
])('a name with %s is refused', async (_what, addresses) => {
  expect(await check('https://hooks.example/', addresses)).toHaveProperty('refused');
});

test('a name is asked for once, and what was checked is what is connected to', async () => {
  expect(await check('https://hooks.example/', ['1.1.1.1', '2606:4700::1111'])).toEqual({
    asked: ['hooks.example'],
    addresses: ['1.1.1.1', '2606:4700::1111'],
  });
  expect(await check('https://1.1.1.1/', [])).toEqual({asked: [], addresses: ['1.1.1.1']});
});

test('what the owner allowed opens that and nothing beside it', async () => {
  const allow = ['10.0.0.0/8', 'hooks.internal:8080', '[fd00::]:443'];
  const isOpen = async (url: string, addresses: readonly string[] = []) =>
    wrongUrl(
      url,
      allow.map(text => parseAllowed(text)!),
    ) === undefined && 'addresses' in (await check(url, addresses, allow));
  const open = [
    await isOpen('http://10.1.2.3:9000/'),
    await isOpen('http://hooks.internal:8080/', ['192.168.1.1']),
    await isOpen('http://HOOKS.internal.:8080/', ['192.168.1.1']),
    await isOpen('https://other.internal/', ['10.9.9.9']),
    await isOpen('https://[fd00::]/'),
  ];
  const shut = [
    await isOpen('http://11.1.2.3:9000/'),
    await isOpen('http://hooks.internal:8081/', ['192.168.1.1']),
    await isOpen('http://hooks.internal.evil.example:8080/', ['192.168.1.1']),
    await isOpen('http://other.internal/', ['1.1.1.1']),
    await isOpen('https://other.internal/', ['10.9.9.9', '127.0.0.1']),
    await isOpen('https://[fd00::1]/'),
  ];
  expect([open, shut]).toEqual([open.map(() => true), shut.map(() => false)]);
});

test('an entry that is neither host nor network is none', () => {
  const wrong = [
    '',
    ' ',
    'a b',
    '10.0.0.0/33',
    'host/8',
    'http://host',
    '1.2.3.4:0',
    '1.2.3.4:70000',
    '[fd00::',
    '*.example.com',
    'user@host',
  ];
  expect(wrong.filter(text => parseAllowed(text) !== undefined)).toEqual([]);
  expect(
    ['h', 'h:1', '1.2.3.4', '1.2.3.0/24:443', '::1', 'fd00::/8', '[fd00::/8]:8443'].filter(text => parseAllowed(text) === undefined),
  ).toEqual([]);
});
