import {execFileSync} from 'node:child_process';
import {createHash, createPrivateKey, createPublicKey} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer as createHttp, type Server} from 'node:http';
import {connect, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join as pathOf} from 'node:path';
import {createServer as createTls} from 'node:tls';
import {expect, test} from 'vitest';
import {formatTicket, randomBase32} from '@boxyard/core/config';
import {proxyFor} from '../src/dial.ts';
import {join} from '../src/join.ts';
import {Scene, waitFor} from './scene.ts';

/** A name that only the proxy can look up: whatever reaches the server has come through it. */
const NAME = 'boxyard.test';
const listening = (server: {listen(port: number, host: string, done: () => void): unknown; address(): unknown}) =>
  new Promise<number>(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

/** A small CONNECT proxy that wants a password, and what it was asked for. */
async function proxy() {
  const asked: string[] = [];
  const server: Server = createHttp();
  const wanted = `Basic ${Buffer.from('anna:s:cret').toString('base64')}`;
  server.on('connect', (request, client, head) => {
    asked.push(request.url ?? '');
    if (request.headers['proxy-authorization'] !== wanted) return client.end('HTTP/1.1 407 Who are you\r\n\r\n');
    const upstream = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const one of [client, upstream]) one.on('error', () => (client.destroy(), upstream.destroy()));
  });
  const port = await listening(server);
  return {asked, url: (user: string) => `http://${user}@127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close()};
}

/** TLS with a certificate of its own before a plain server. */
async function tlsBefore(plainPort: number) {
  const dir = mkdtempSync(pathOf(tmpdir(), 'tls-'));
  const [key, cert] = [pathOf(dir, 'key.pem'), pathOf(dir, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=x'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert], {stdio: 'ignore'});
  const server = createTls({key: readFileSync(key), cert: readFileSync(cert)}, socket => {
    const plain = connect(plainPort, '127.0.0.1');
    for (const one of [socket, plain]) one.on('error', () => (socket.destroy(), plain.destroy()));
    socket.pipe(plain).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  const port = await listening(server);
  const spki = createPublicKey(createPrivateKey(readFileSync(key))).export({type: 'spki', format: 'der'});
  rmSync(dir, {recursive: true});
  return {port, fingerprint: createHash('sha256').update(spki).digest('hex'), [Symbol.dispose]: () => void server.close()};
}

test('an agent reaches its server through HTTPS_PROXY, and checks the server’s own key through it', async () => {
  await using scene = await Scene.open();
  using through = await proxy();
  using tls = await tlsBefore(scene.server.port);
  const url = `wss://${NAME}:${tls.port}/ws/worker`;
  const env = {...process.env, HTTPS_PROXY: through.url('anna:s%3Acret')};
  const stranger = await scene.agent({url, fingerprint: '0'.repeat(64)}, {env});
  await waitFor(() => [tls.fingerprint, '0'.repeat(64)].every(key => stranger.status().includes(key)));
  expect({asked: through.asked[0], handshakes: scene.server.handshakes}).toEqual({asked: `${NAME}:${tls.port}`, handshakes: 0});
  await stranger.close();
  const agent = await scene.registered({url, fingerprint: tls.fingerprint}, {env});
  expect(agent.status()).toBe('connected');
});

test('an agent without the proxy’s password says what the proxy said, and tries again', async () => {
  await using scene = await Scene.open();
  using through = await proxy();
  const env = {...process.env, HTTP_PROXY: through.url('anna:wrong')};
  const agent = await scene.agent({url: `ws://${NAME}:${scene.server.port}/ws/worker`}, {env});
  await waitFor(() => through.asked.length > 1);
  expect(agent.status()).toMatch(/^proxy 127\.0\.0\.1:\d+ answered 407 Who are you$/);
});

test('joining goes through the proxy as well', async () => {
  using through = await proxy();
  const answer = {worker: 'w-1', name: 'nas', tenant: 't-1', credential: 'cred', installation: 'i-1'};
  const server = createHttp((request, response) => {
    request.resume();
    response.writeHead(201, {'content-type': 'application/json'}).end(JSON.stringify(answer));
  });
  const plainPort = await listening(server);
  using tls = await tlsBefore(plainPort);
  const dir = mkdtempSync(pathOf(tmpdir(), 'join-'));
  const env = {HOME: dir, BOXYARD_CONFIG_DIR: dir, HTTPS_PROXY: through.url('anna:s%3Acret')};
  const invitation = (fingerprint: string) =>
    formatTicket({kind: 'bxi', addresses: [`${NAME}:${tls.port}`], fingerprint, secret: randomBase32(256)});
  const asked = {name: 'nas', hostname: 'nas', env};
  await expect(join({...asked, invitation: invitation('1'.repeat(64))})).rejects.toMatchObject({code: 'WRONG_SERVER'});
  expect(await join({...asked, invitation: invitation(tls.fingerprint)})).toMatchObject({worker: 'w-1'});
  server.close();
  rmSync(dir, {recursive: true});
});

test('NO_PROXY exempts names, domains, ports and everything; this machine needs no proxy', () => {
  const chosen = (NO_PROXY: string, host = 'a.example.org', port = 4240) =>
    proxyFor({host, port, tls: true, env: {https_proxy: 'proxy:3128', NO_PROXY}})?.host;
  expect(chosen('')).toBe('proxy:3128');
  for (const list of ['a.example.org', '.example.org', 'other, *.example.org', 'example.org:4240', '*'])
    expect(chosen(list)).toBeUndefined();
  for (const list of ['b.example.org', 'xample.org', 'example.org:443']) expect(chosen(list)).toBe('proxy:3128');
  for (const host of ['localhost', '127.0.0.2', '::1']) expect(chosen('', host)).toBeUndefined();
  const socks = {host: NAME, port: 1, tls: true, env: {HTTPS_PROXY: 'socks5://proxy:1080'}};
  expect(() => proxyFor(socks)).toThrow('HTTPS_PROXY');
});
