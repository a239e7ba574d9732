import {execFileSync} from 'node:child_process';
import {createHmac} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {createServer as createTcpServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TLSSocket} from 'node:tls';
import {expect, test} from 'vitest';
import type {BoxyardEvent, Host} from '@boxyard/core/plugin-api';
import {webhookConfig} from '../../src/reporters/webhook/config.ts';
import {createWebhook} from '../../src/reporters/webhook/webhook.ts';

const event: BoxyardEvent = {
  specversion: '1.0',
  id: 'e-1',
  type: 'job.ended',
  source: 'boxyard',
  subject: 'jobs/j-1',
  time: '2026-01-01T00:00:00.000Z',
  tenant: 't-1',
  actor: 'worker:nas',
  seq: '1.7',
  data: {umlaut: 'ü'},
};
const host: Host = {
  stateDir: '',
  log: () => undefined,
  fault: (code, message) => Object.assign(new Error(message), {code}),
};
const secret = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;

async function listen(server: Server): Promise<{readonly port: number; readonly connections: () => number} & AsyncDisposable> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', socket => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  };
  return {port, connections: () => count, [Symbol.asyncDispose]: close};
}
const web = (listener: RequestListener) => listen(createServer(listener));
const tcp = (listener: (socket: Socket) => void) => listen(createTcpServer(listener));

const report = (url: string, more: object = {}, resolve: (name: string) => Promise<{address: string}[]> = async () => []) => {
  const config = webhookConfig.parse({url, secrets: [secret], allow: ['127.0.0.1'], timeoutMs: 400, ...more});
  return createWebhook(config, host, {resolve, now: () => 1_800_000_000_000}).report(event, new AbortController().signal);
};

test('posts the event with the three headers, one signature for each secret', async () => {
  const seen: {headers: Record<string, unknown>; body: string}[] = [];
  await using at = await web((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      seen.push({headers: request.headers, body});
      response.writeHead(200).end('thanks');
    });
  });
  const other = `whsec_${Buffer.alloc(24, 'o').toString('base64')}`;
  expect(await report(`http://127.0.0.1:${at.port}/a?b=c`, {secrets: [secret, other]})).toBe('delivered');
  const [{headers, body}] = seen as [(typeof seen)[number]];
  expect(JSON.parse(body)).toEqual(event);
  const mac = (key: Buffer) => createHmac('sha256', key).update(`e-1.1800000000.${body}`).digest('base64');
  expect(headers).toMatchObject({
    'webhook-id': 'e-1',
    'webhook-timestamp': '1800000000',
    'webhook-signature': `v1,${mac(Buffer.alloc(32, 's'))} v1,${mac(Buffer.alloc(24, 'o'))}`,
    'content-type': 'application/json',
  });
});

const slow = 'no answer within 0.4 s';
test.each<[string, RequestListener, unknown]>([
  ['500', (_request, response) => void response.writeHead(500).end('a banner'), {why: 'it answered 500'}],
  ['410', (_request, response) => void response.writeHead(410).end(), 'gone'],
  [
    '429 with seconds',
    (_request, response) => void response.writeHead(429, {'retry-after': '7'}).end(),
    {why: 'it answered 429', retryInMs: 7_000},
  ],
  [
    '503 with years',
    (_request, response) => void response.writeHead(503, {'retry-after': '999999999'}).end(),
    {why: 'it answered 503', retryInMs: 3_600_000},
  ],
  [
    'a head too long',
    (_request, response) => void response.writeHead(200, {x: 'a'.repeat(20_000)}).end(),
    {why: 'its answer has too long a head'},
  ],
  ['nothing', () => undefined, {why: slow}],
])('a receiver that answers %s', async (_what, listener, told) => {
  await using at = await web(listener);
  expect(await report(`http://127.0.0.1:${at.port}/`)).toEqual(told);
});

test.each<[string, (socket: Socket) => void, string]>([
  ['accepts and never answers', () => undefined, slow],
  ['resets', socket => void socket.once('data', () => socket.resetAndDestroy()), 'the connection was reset'],
  ['hangs up', socket => void socket.once('data', () => socket.end()), 'the connection was reset'],
  ['drips one byte at a time', socket => drip(socket, 'HTTP/1.1 200 OK\r\n'), slow],
  ['is no HTTP', socket => void socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')), 'its answer is not HTTP'],
])('a receiver that %s', async (_what, listener, why) => {
  await using at = await tcp(listener);
  expect(await report(`http://127.0.0.1:${at.port}/`)).toEqual({why});
});

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length]!), 100);
  socket.once('close', () => clearInterval(timer));
}

test('a body without end is cut off, and the status counts', async () => {
  let written = 0;
  await using at = await web((_request, response) => {
    response.writeHead(200, {'content-length': String(10 * 1024 ** 3)});
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536;
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  });
  expect(await report(`http://127.0.0.1:${at.port}/`, {timeoutMs: 5_000})).toBe('delivered');
  expect(written).toBeLessThan(64 * 1024 ** 2);
});

test.each(['http://127.0.0.1:PORT/inside', 'http://localhost:PORT/', 'gopher://127.0.0.1:PORT/', '/elsewhere'])(
  'a redirect to %s is not followed',
  async location => {
    await using inside = await web((_request, response) => void response.writeHead(200).end());
    await using at = await web(
      (_request, response) => void response.writeHead(301, {location: location.replace('PORT', String(inside.port))}).end(),
    );
    expect(await report(`http://127.0.0.1:${at.port}/`)).toEqual({why: 'it answered 301, a redirect, which is never followed'});
    expect([at.connections(), inside.connections()]).toEqual([1, 0]);
  },
);

test('a name is asked for once a delivery, and one that leads inside reaches nothing there', async () => {
  await using inside = await web((_request, response) => void response.writeHead(200).end());
  const url = `http://rebind.example:${inside.port}/`;
  let asked = 0;
  const rebinding = async () => [{address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1'}];
  expect(await report(url, {}, rebinding)).toBe('delivered');
  expect([asked, inside.connections()]).toEqual([1, 1]);
  const refused = {why: 'its address is not a public one, and the owner of the server did not allow it'};
  expect(await report(url, {}, rebinding)).toEqual(refused);
  expect(await report('https://rebind.example/', {allow: []}, async () => [{address: '8.8.8.8'}, {address: '127.0.0.1'}])).toEqual(refused);
  expect(inside.connections()).toBe(1);
});

test('a name that cannot be asked for, and one whose answer never comes', async () => {
  const unknown = async () => Promise.reject(Object.assign(new Error('x'), {code: 'ENOTFOUND'}));
  expect(await report('https://nowhere.example/', {}, unknown)).toEqual({why: 'its name is not known'});
  expect(await report('https://silent.example/', {}, () => new Promise(() => undefined))).toEqual({why: slow});
});

test('with TLS the name is in the greeting and in Host, and the certificate must be for it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bxt-'));
  try {
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    const subject = ['-subj', '/CN=hooks.example', '-addext', 'subjectAltName=DNS:hooks.example'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        ...subject,
      ],
      {stdio: 'ignore'},
    );
    const seen: unknown[] = [];
    const options = {key: readFileSync(key), cert: readFileSync(cert)};
    await using at = await listen(
      createTlsServer(options, (request, response) => {
        seen.push([(request.socket as TLSSocket).servername, request.headers.host]);
        response.writeHead(204).end();
      }),
    );
    const here = async () => [{address: '127.0.0.1'}];
    const ca = readFileSync(cert, 'utf8');
    const allow = [`hooks.example:${at.port}`, `other.example:${at.port}`];
    const more = {allow, timeoutMs: 5_000};
    expect(await report(`https://hooks.example:${at.port}/`, {...more, ca}, here)).toBe('delivered');
    expect(seen).toEqual([['hooks.example', `hooks.example:${at.port}`]]);
    expect(await report(`https://other.example:${at.port}/`, {...more, ca}, here)).toEqual({why: 'its certificate is for another name'});
    expect(await report(`https://hooks.example:${at.port}/`, more, here)).toEqual({why: 'its certificate is not trusted (self-signed)'});
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});
