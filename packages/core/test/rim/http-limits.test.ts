import {request, type IncomingHttpHeaders} from 'node:http';
import {expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {createRemotes, householdOf} from '../../src/rim/http-remote.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

async function ask(door: TestDoor, token: string, headers: Record<string, string> = {}) {
  const {promise, resolve, reject} = Promise.withResolvers<{status: number; headers: IncomingHttpHeaders; text: string}>();
  const options = {port: door.port, host: '127.0.0.1', path: '/v1/whoami', headers: {authorization: `Bearer ${token}`, ...headers}};
  const sent = request(options, response => {
    let text = '';
    response.on('data', chunk => (text += String(chunk)));
    response.on('end', () => resolve({status: response.statusCode ?? 0, headers: response.headers, text}));
  });
  sent.once('error', reject);
  sent.end();
  return promise;
}

const wrong = 'a'.repeat(52);
const secretOf = (line: string) => line.slice(line.lastIndexOf('_') + 1);

test('an address that only guesses is told to wait, and who is known there already is not', async () => {
  await using door = await startTestDoor({limits: {perAddress: {burst: 6, perSecond: 0.1}}});
  expect((await ask(door, secretOf(door.line))).status).toBe(200);
  const statuses = [];
  for (let at = 0; at < 8; at += 1) statuses.push((await ask(door, wrong)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  const refused = await ask(door, wrong);
  const {error} = JSON.parse(refused.text) as {error: {code: string; message: string; hint: string}};
  expect(error).toMatchObject({code: 'TOO_MANY_REQUESTS', message: 'Too many requests from one address.'});
  expect(error.hint).not.toBe('');
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await ask(door, secretOf(door.line))).status).toBe(200);
});

test('one credential may not ask without end, and a revoked one is nobody’s favourite', async () => {
  await using door = await startTestDoor({limits: {perCredential: {burst: 5, perSecond: 0.01}, perAddress: {burst: 9, perSecond: 0.01}}});
  const [one, other] = [await door.token('viewer'), await door.token('viewer')];
  const statuses = [];
  for (let at = 0; at < 8; at += 1) statuses.push((await ask(door, one)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  expect((await ask(door, other)).status).toBe(200);
});

test('a worker holds a few sockets, and one more is refused before it is opened', async () => {
  await using door = await startTestDoor();
  const {secret} = await door.access.invitations.create({tenant: door.tenant, actor: 'test', access: 'owner'}, {}, []);
  const {credential} = await door.access.invitations.redeem({secret, machine: 'm'.repeat(32), name: 'nas'}, async () => -1);
  const open = async () => {
    const {promise, resolve} = Promise.withResolvers<string>();
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}/ws/worker`, {headers: {authorization: `Bearer ${credential}`}});
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', (_request, response) => resolve(`${response.statusCode} ${response.headers['retry-after']}`));
    socket.on('error', () => undefined);
    return {socket, said: await promise};
  };
  const all = [];
  for (let at = 0; at < 9; at += 1) all.push(await open());
  expect(all.map(each => each.said)).toEqual([...Array.from({length: 8}, () => 'open'), '429 5']);
  all[0]!.socket.terminate();
  await waitFor(async () => (await open()).said === 'open');
});

test('forwarded addresses count only from a proxy that was named, from the right, and nothing else forwarded is read', async () => {
  const limits = {perAddress: {burst: 3, perSecond: 0.01}};
  await using open = await startTestDoor({limits});
  const lie = (at: number) => ({'x-forwarded-for': `10.9.9.${at}`});
  const plain = [];
  for (let at = 0; at < 5; at += 1) plain.push((await ask(open, wrong, lie(at))).status);
  expect(plain).toEqual([401, 401, 401, 429, 429]);
  await using behind = await startTestDoor({limits, trustedProxies: ['127.0.0.1', '10.0.0.0/8']});
  const seen = [];
  for (let at = 0; at < 5; at += 1) seen.push((await ask(behind, wrong, {'x-forwarded-for': `6.6.6.${at}, 203.0.113.9, 10.1.1.1`})).status);
  expect(seen).toEqual([401, 401, 401, 429, 429]);
  expect((await ask(behind, wrong, {'x-forwarded-for': '203.0.113.10'})).status).toBe(401);
  const evil = {'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example'};
  expect((await ask(behind, secretOf(behind.line), {...evil, host: 'evil.example'})).status).toBe(403);
  expect((await ask(behind, secretOf(behind.line), {...evil, 'x-forwarded-for': '203.0.113.11'})).status).toBe(200);
});

test('a proxy is named by an address or a network, and a household of IPv6 is one', async () => {
  for (const bad of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '', '::1/129'])
    expect(await codeOf(Promise.resolve().then(() => createRemotes([bad])))).toBe('INVALID_INPUT');
  expect(householdOf('2001:db8:1:2:3:4:5:6')).toBe(householdOf('2001:db8:1:2::9'));
  expect(householdOf('2001:db8:1:3::9')).not.toBe(householdOf('2001:db8:1:2::9'));
  expect(householdOf('10.0.0.1')).toBe('10.0.0.1');
});
