import {createHmac, randomBytes} from 'node:crypto';
import {expect, test} from 'vitest';
import {parseHeaders, verifySignature} from '../../src/services/verify-webhook.ts';
import {webhookConfig, webhookName} from '../../src/services/webhook-request.ts';

const now = 1_800_000_000_000;
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const body = Buffer.from('{"id":"e-1","data":{"umlaut":"ü"}}');

/** By hand, from the public specification. */
const sign = (bytes: Buffer, id = 'e-1', seconds = now / 1_000, key = secret) =>
  `v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
    .update(`${id}.${seconds}.`)
    .update(bytes)
    .digest('base64')}`;
const headersOf = (change: Readonly<Record<string, string>> = {}) =>
  Object.entries({'webhook-id': 'e-1', 'webhook-timestamp': String(now / 1_000), 'webhook-signature': sign(body), ...change}).map(
    ([name, value]) => `${name}: ${value}`,
  );
const check = (lines: readonly string[], bytes = body, key = secret) =>
  verifySignature({headers: parseHeaders(lines), body: bytes, secret: key}, {now, toleranceMs: 300_000});

test('a signature of ours holds, beside others and whatever the case of the headers', () => {
  expect(check(headersOf())).toEqual({isValid: true, id: 'e-1', ageMs: 0});
  const other = sign(body, 'e-1', now / 1_000, `whsec_${randomBytes(32).toString('base64')}`);
  expect(check(headersOf({'webhook-signature': `${other} ${sign(body)} v1a,c2ln`})).isValid).toBe(true);
  expect(
    check(['POST /hook HTTP/1.1', ...headersOf().map(line => line.toUpperCase().split(':')[0]! + line.slice(line.indexOf(':'))), ''])
      .isValid,
  ).toBe(true);
});

const at = (seconds: number) => ({
  'webhook-timestamp': String(now / 1_000 + seconds),
  'webhook-signature': sign(body, 'e-1', now / 1_000 + seconds),
});

test.each([
  ['nothing', [], 'webhook-id is missing'],
  ['no signature', headersOf({'webhook-signature': ''}), 'webhook-signature is missing'],
  ['a header twice', [...headersOf(), 'Webhook-Id: e-2'], 'came 2 times'],
  ['words for a time', headersOf({'webhook-timestamp': 'yesterday'}), 'no number of seconds'],
  ['another version alone', headersOf({'webhook-signature': 'v2,AAAA'}), 'of version v1'],
  ['what is no base64', headersOf({'webhook-signature': 'v1,"); drop'}), 'base64 of 32 bytes'],
  ['a short one', headersOf({'webhook-signature': 'v1,AAAA'}), 'base64 of 32 bytes'],
  ['another id', headersOf({'webhook-id': 'e-2'}), 'no signature matches'],
  ['a megabyte', headersOf({'webhook-signature': `v1,${'A'.repeat(1_000_000)}`}), 'base64 of 32 bytes'],
  ['301 s ago', headersOf(at(-301)), '301 s old'],
  ['301 s ahead', headersOf(at(301)), '301 s in the future'],
])('%s is refused with the reason', (_what, lines, why) => {
  expect(check(lines)).toMatchObject({isValid: false, why: expect.stringContaining(why)});
});

test('what was done to the body is said where it can be found out', () => {
  expect(check(headersOf(), Buffer.concat([body, Buffer.from('\n')]))).toMatchObject({why: expect.stringContaining('line end')});
  expect(check(headersOf(), Buffer.from(JSON.stringify(JSON.parse(body.toString()), undefined, 2)))).toMatchObject({
    why: expect.stringContaining('written anew'),
  });
  expect(check(headersOf(), Buffer.from('{}'))).toMatchObject({why: 'no signature matches'});
  expect(check(headersOf(), body, `whsec_${randomBytes(32).toString('base64')}`)).toMatchObject({why: 'no signature matches'});
  expect(check(headersOf(), body, 'secret')).toMatchObject({why: expect.stringContaining('whsec_')});
});

test('a name is made of the host, and values of a config are what they read as', () => {
  expect(webhookName('https://Hooks.Example.com:8443/x?y', undefined)).toBe('hooks.example.com-8443');
  expect(webhookName('https://[::1]/', undefined)).toBe('1');
  expect([webhookName(undefined, 'log'), webhookName(undefined, undefined)]).toEqual(['log', undefined]);
  expect(webhookConfig(['maxBytes=2048', 'room=ops', 'on=true'])).toEqual({maxBytes: 2048, room: 'ops', on: true});
});
