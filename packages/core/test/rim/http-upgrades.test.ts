import {expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {createMetrics} from '../../src/rim/metrics.ts';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';

async function closeOf(socket: WebSocket): Promise<number> {
  const {promise, resolve} = Promise.withResolvers<number>();
  socket.once('close', resolve);
  socket.on('error', () => undefined);
  return promise;
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  const {promise, resolve, reject} = Promise.withResolvers<WebSocket>();
  socket.once('open', () => resolve(socket));
  socket.once('error', reject);
  return promise;
}

function attach(door: TestDoor, options: {token?: string; protocols?: readonly string[]; path?: string} = {}): WebSocket {
  const job = door.services.addJob(door.tenant);
  const token = options.token ?? door.line;
  const headers = options.protocols === undefined ? {authorization: `Bearer ${token}`} : {};
  const url = `ws://127.0.0.1:${door.port}${options.path ?? `/v1/jobs/${job.id}/attach?stdout=0`}`;
  return new WebSocket(url, [...(options.protocols ?? [])], {headers, perMessageDeflate: false});
}

test('a message over 256 KiB closes its socket and nothing else', async () => {
  await using door = await startTestDoor();
  const [large, calm] = await Promise.all([opened(attach(door)), opened(attach(door))]);
  const closed = closeOf(large);
  large.send(Buffer.alloc(300 * 1024));
  expect(await closed).toBe(1009);
  expect(calm.readyState).toBe(calm.OPEN);
  expect(await door.client().whoami()).toMatchObject({access: 'owner'});
});

test('a message in very many pieces closes its socket, compression is never agreed on, and a head that is too long is refused', async () => {
  await using door = await startTestDoor();
  const socket = await opened(attach(door));
  expect(socket.extensions).toBe('');
  const closed = closeOf(socket);
  for (let piece = 0; piece < 200; piece += 1) socket.send(' ', {fin: false});
  expect(await closed).toBe(1008);
  const asking = new WebSocket(`ws://127.0.0.1:${door.port}/v1/jobs/${door.services.addJob(door.tenant).id}/attach?stdout=0`, {
    headers: {authorization: `Bearer ${door.line}`},
    perMessageDeflate: true,
  });
  expect((await opened(asking)).extensions).toBe('');
  asking.terminate();
  const long = new WebSocket(`ws://127.0.0.1:${door.port}/v1/jobs/x/attach`, {headers: {'x-long': 'x'.repeat(64 * 1024)}});
  await expect(opened(long)).rejects.toThrow(/4(00|31)/);
  expect(await door.client().whoami()).toMatchObject({access: 'owner'});
});

test('nonsense on an open socket closes it with a reason, and the server lives on', async () => {
  await using door = await startTestDoor();
  for (const frame of ['{', '{"type":"nothing"}', '[]', Buffer.alloc(0), Buffer.alloc(5), Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0, 1])]) {
    const socket = await opened(attach(door));
    const closed = closeOf(socket);
    socket.send(frame);
    expect(await closed).toBe(4400);
  }
});

test('a browser gives its token as a protocol, and the query never counts', async () => {
  await using door = await startTestDoor();
  const secret = door.line.slice(door.line.lastIndexOf('_') + 1);
  const socket = await opened(attach(door, {protocols: ['boxyard.v1', `boxyard.token.${secret}`]}));
  expect(socket.protocol).toBe('boxyard.v1');
  const job = door.services.addJob(door.tenant);
  const path = `/v1/jobs/${job.id}/attach?stdout=0&token=${secret}`;
  await expect(opened(attach(door, {protocols: [], path}))).rejects.toThrow(/40[01]/);
});

test('an agent’s credential opens no client socket, a client’s token no agent socket, and a browser no agent socket', async () => {
  await using door = await startTestDoor();
  const {secret} = await door.access.invitations.create({tenant: door.tenant, actor: 'test', access: 'owner'}, {}, []);
  const worker = await door.access.invitations.redeem({secret, machine: 'm'.repeat(32), name: 'nas'}, async () => -1);
  await expect(opened(attach(door, {token: worker.credential}))).rejects.toThrow(/401/);
  await expect(opened(attach(door, {path: '/ws/worker'}))).rejects.toThrow(/401/);
  const origin = {origin: `http://127.0.0.1:${door.port}`, authorization: `Bearer ${worker.credential}`};
  await expect(opened(new WebSocket(`ws://127.0.0.1:${door.port}/ws/worker`, {headers: origin}))).rejects.toThrow(/403/);
  await opened(attach(door, {token: worker.credential, path: '/ws/worker'}));
});

test('a socket opened while Redis is away is answered 503', async () => {
  await using door = await startTestDoor({timing: {authCache: 1}});
  await door.redis.kill();
  await expect(opened(attach(door, {path: '/ws/worker', token: 'a'.repeat(130)}))).rejects.toThrow(/503/);
});

test('figures are served as Prometheus reads them, by route and not by what was asked', async () => {
  const metrics = createMetrics();
  metrics.gauge('boxyard_workers_connected', 'Workers connected to this server', () => 3);
  await using door = await startTestDoor({metrics});
  await door.client().jobsList();
  const text = await door.client().metrics();
  expect(text).toContain('boxyard_workers_connected 3');
  expect(text).toMatch(/boxyard_http_request_seconds_count\{route="\/v1\/jobs",status="200"\} 1/);
  expect(text).not.toContain(door.tenant);
});
