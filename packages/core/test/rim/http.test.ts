import {request, type IncomingHttpHeaders} from 'node:http';
import {connect} from 'node:net';
import {expect, test} from 'vitest';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | undefined;
}

async function ask(door: TestDoor, {method = 'GET', path = '/v1/whoami', headers = {}, body}: Sent = {}) {
  const {promise, resolve, reject} = Promise.withResolvers<{status: number; headers: IncomingHttpHeaders; text: string}>();
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const sent = request(
    {port: door.port, host: '127.0.0.1', method, path, agent: false, headers: {authorization: `Bearer ${token}`, ...headers}},
    response => {
      let text = '';
      response.on('data', chunk => (text += String(chunk)));
      response.on('end', () => resolve({status: response.statusCode ?? 0, headers: response.headers, text}));
    },
  );
  sent.once('error', reject);
  sent.end(body);
  return promise;
}

const post = (door: TestDoor, path: string, body: string, headers: Record<string, string> = {}) =>
  ask(door, {method: 'POST', path, body, headers: {'content-type': 'application/json', ...headers}});

async function raw(door: TestDoor, text: string): Promise<string> {
  const {promise, resolve} = Promise.withResolvers<string>();
  const socket = connect(door.port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.on('data', chunk => (answer += String(chunk)));
  socket.on('error', () => resolve(answer));
  socket.on('close', () => resolve(answer));
  return promise;
}

test('only our own names, with the port, are a Host we answer to', async () => {
  await using door = await startTestDoor();
  const hosts = {
    [`127.0.0.1:${door.port}`]: 200,
    [`localhost:${door.port}`]: 200,
    [`[::1]:${door.port}`]: 200,
    localhost: 403,
    'evil.example': 403,
    [`evil.example:${door.port}`]: 403,
    [`localhost.evil.example:${door.port}`]: 403,
    [`127.0.0.1:${door.port + 1}`]: 403,
    [`localhost.:${door.port}`]: 403,
  };
  const seen = await Promise.all(Object.keys(hosts).map(async host => [host, (await ask(door, {headers: {host}})).status]));
  expect(Object.fromEntries(seen)).toEqual(hosts);
});

test('an Origin is ours exactly or refused, on requests and on upgrades', async () => {
  await using door = await startTestDoor();
  const own = `http://localhost:${door.port}`;
  const wrong = [
    'null',
    'http://evil.example',
    `${own}.evil.example`,
    `https://localhost:${door.port}`,
    own.toUpperCase(),
    `${own}/`,
    'http://localhost',
  ];
  expect((await ask(door, {headers: {origin: own}})).status).toBe(200);
  const job = door.services.addJob(door.tenant);
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
  };
  for (const origin of wrong) {
    expect([origin, (await ask(door, {headers: {origin}})).status]).toEqual([origin, 403]);
    const asked = await ask(door, {path: `/v1/jobs/${job.id}/attach`, headers: {...upgrade, origin}});
    expect([origin, asked.status]).toEqual([origin, 403]);
  }
});

test('a request for another server, or without a Host, is refused', async () => {
  await using door = await startTestDoor();
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const absolute = await raw(
    door,
    `GET http://evil.example/v1/whoami HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  );
  expect(absolute).toMatch(/^HTTP\/1\.1 403 /);
  expect(await raw(door, 'GET /v1/health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[03] /);
  expect(await raw(door, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(door, `GET /v1/health HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/);
});

test('bad input gets a code, a sentence and a hint, and never a stack or the value', async () => {
  await using door = await startTestDoor();
  const long = 'x'.repeat(2 * 1024 * 1024);
  const cases: [string, string, number, string][] = [
    ['/v1/jobs', '{', 400, 'INVALID_INPUT'],
    ['/v1/jobs', '[]', 400, 'INVALID_INPUT'],
    ['/v1/jobs', '{"command":"ls"}', 400, 'INVALID_INPUT'],
    ['/v1/jobs', '{"command":["ls"],"tenant":"t-1"}', 400, 'INVALID_INPUT'],
    ['/v1/jobs', '{"command":["ls"],"__proto__":{"polluted":1}}', 400, 'INVALID_INPUT'],
    ['/v1/jobs', '{"command":["ls"],"env":{"constructor":"1"}}', 400, 'INVALID_INPUT'],
    ['/v1/jobs', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 400, 'INVALID_INPUT'],
    ['/v1/jobs', `{"command":["${long}"]}`, 413, 'BODY_TOO_LARGE'],
    ['/v1/tokens', '{"name":"a","access":"god"}', 400, 'INVALID_INPUT'],
    ['/v1/nothing', '{}', 404, 'NOT_FOUND'],
  ];
  for (const [path, body, status, code] of cases) {
    const answer = await post(door, path, body);
    const {error} = JSON.parse(answer.text) as {error: Record<string, string>};
    expect([body.slice(0, 40), answer.status, error['code']]).toEqual([body.slice(0, 40), status, code]);
    expect(error['message']).toMatch(/\.$/);
    expect(answer.text).not.toMatch(/node_modules|\.ts:|at .*\(/);
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('what nobody expected is INTERNAL outside and whole in the log', async () => {
  await using door = await startTestDoor();
  const answer = await post(door, '/v1/jobs', '{"command":["crash"]}');
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('secret detail');
  expect(String((door.faults[0] as {err: Error}).err)).toContain('secret detail');
});

test('a query parameter may come once, and unknown ones are refused', async () => {
  await using door = await startTestDoor();
  expect((await ask(door, {path: '/v1/jobs?limit=5'})).status).toBe(200);
  expect((await ask(door, {path: '/v1/jobs?limit=5&limit=6'})).status).toBe(400);
  expect((await ask(door, {path: '/v1/jobs?tenant=t-1'})).status).toBe(400);
  expect((await ask(door, {path: '/v1/whoami?token=abc'})).status).toBe(400);
});

test('a token is taken from the header alone, as a line or its secret part', async () => {
  await using door = await startTestDoor();
  const secret = door.line.slice(door.line.lastIndexOf('_') + 1);
  expect((await ask(door, {headers: {authorization: `Bearer ${door.line}`}})).status).toBe(200);
  expect((await ask(door, {headers: {authorization: `Basic ${secret}`}})).status).toBe(401);
  expect((await ask(door, {headers: {authorization: ''}})).status).toBe(401);
  expect((await ask(door, {headers: {authorization: `Bearer ${secret.slice(1)}`}})).status).toBe(401);
});

test('of a key that may not be it is said what may', async () => {
  await using door = await startTestDoor();
  const {text} = await post(door, '/v1/clusters/team/roles/w/run', JSON.stringify({inputs: {'a-b': '1'}}));
  expect(text).toContain('inputs.a-b: expected letters, digits and _');
});

test('a body of a type the route does not take is refused before it is read', async () => {
  await using door = await startTestDoor();
  const refused = await post(door, '/v1/jobs', 'a: 1', {'content-type': 'application/yaml'});
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('that of JSON is application/json')]);
  expect(
    (await ask(door, {method: 'POST', path: '/v1/uploads', body: 'tar', headers: {'content-type': 'application/octet-stream'}})).status,
  ).toBe(201);
});

test('while Redis is away a request is answered 503 with Retry-After soon, and works again after', async () => {
  await using door = await startTestDoor({timing: {authCache: 50}});
  expect((await ask(door)).status).toBe(200);
  await door.redis.kill();
  await waitFor(async () => (await ask(door)).status === 503);
  const began = performance.now();
  const away = await ask(door);
  expect([away.status, away.headers['retry-after'], performance.now() - began < 10_000]).toEqual([503, '2', true]);
  expect(JSON.parse((await ask(door, {path: '/v1/health'})).text)).toMatchObject({status: 'degraded', redis: 'away'});
  await door.redis.start();
  await waitFor(async () => (await ask(door)).status === 200, {within: 10_000});
});

test('a body that does not come is not waited for, with a token or without; an upload may take its time while it goes on', async () => {
  await using door = await startTestDoor({bodyMs: 300});
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const head = (path: string, type: string, more = '') =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nContent-Type: ${type}\r\nContent-Length: 6\r\n${more}\r\n`;
  await raw(door, `${head('/v1/invitations/redeem', 'application/json')}{"`);
  await raw(door, `${head('/v1/jobs', 'application/json')}{"`);
  const upload = connect(door.port, '127.0.0.1');
  upload.write(head('/v1/uploads', 'application/octet-stream', `Authorization: Bearer ${token}\r\n`));
  let answer = '';
  upload.on('data', chunk => (answer += String(chunk)));
  for (const part of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await new Promise(resolve => setTimeout(resolve, 150));
    upload.write(part);
  }
  await waitFor(() => answer.startsWith('HTTP/1.1 201'));
  upload.destroy();
});

test('a body of another kind than the route takes is the fault of the request', async () => {
  await using door = await startTestDoor();
  expect((await post(door, '/v1/uploads', '{}')).status).toBe(400);
  expect((await ask(door, {method: 'POST', path: '/v1/uploads'})).status).toBe(400);
  expect((await post(door, '/v1/jobs', 'x', {'content-type': 'application/octet-stream'})).status).toBe(400);
  expect(door.faults).toEqual([]);
});

test('a body that is too large is answered to whoever goes on sending it', async () => {
  await using door = await startTestDoor();
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const part = Buffer.alloc(1024 * 1024, 'x');
  const parts = 24;
  const socket = connect(door.port, '127.0.0.1');
  const failed: string[] = [];
  let answer = '';
  socket.on('error', (error: NodeJS.ErrnoException) => failed.push(error.code ?? error.message));
  socket.on('data', bytes => (answer += String(bytes)));
  const head = [
    'POST /v1/jobs HTTP/1.1',
    `Host: 127.0.0.1:${door.port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
  ];
  socket.write(`${[...head, `Content-Length: ${parts * part.length}`].join('\r\n')}\r\n\r\n`);
  for (let sent = 0; sent < parts && failed.length === 0; sent += 1)
    await new Promise<void>(resolve => socket.write(part, () => resolve()));
  await waitFor(() => answer.includes('BODY_TOO_LARGE') || failed.length > 0);
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(failed).toEqual([]);
});
