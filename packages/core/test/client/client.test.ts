import {execFile} from 'node:child_process';
import {createServer, type Server} from 'node:http';
import {connect, createServer as createTcp, type AddressInfo} from 'node:net';
import {networkInterfaces} from 'node:os';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import {createClient} from '../../src/client/index.ts';
import {makeCertificate} from '../../src/rim/certificate.ts';
import {codeOf, startTestDoor} from '../door-for-tests.ts';

const secret = 'a'.repeat(52);

async function listening(server: {
  listen(port: number, host: string): unknown;
  once(name: 'listening', done: () => void): unknown;
  address(): unknown;
}) {
  await new Promise<void>(resolve => {
    server.once('listening', resolve);
    server.listen(0, '127.0.0.1');
  });
  return (server.address() as AddressInfo).port;
}

test('no server on this machine is said so, and one elsewhere that does not answer by its address', async () => {
  const server = createTcp();
  const port = await listening(server);
  await new Promise(resolve => server.close(resolve));
  expect(await codeOf(createClient({server: `http://127.0.0.1:${port}`, token: secret}).health())).toBe('NO_SERVER');
  const missing = createClient({server: 'http://nowhere.invalid:1', token: secret});
  await expect(missing.health()).rejects.toMatchObject({code: 'SERVER_UNREACHABLE', details: {url: 'http://nowhere.invalid:1'}});
});

test('a server that takes a request and says nothing is given up on in time', async () => {
  const server: Server = createServer(() => undefined);
  const port = await listening(server);
  const client = createClient({server: `http://127.0.0.1:${port}`, token: secret, requestTimeoutMs: 100});
  await expect(client.health()).rejects.toMatchObject({code: 'REQUEST_TIMEOUT', details: {seconds: 0.1}});
  client.close();
  server.closeAllConnections();
  server.close();
});

test('something else than Boxyard behind the address is not taken for an answer', async () => {
  const server = createServer((_request, response) => response.writeHead(502).end('<html>bad gateway</html>'));
  const port = await listening(server);
  const client = createClient({server: `http://127.0.0.1:${port}`, token: secret});
  await expect(client.health()).rejects.toMatchObject({code: 'SERVER_UNREACHABLE', details: {why: 'HTTP 502'}});
  client.close();
  server.close();
});

test('beyond loopback the line carries the pin, and a server with another key is sent nothing', async context => {
  const address = Object.values(networkInterfaces())
    .flatMap(each => each ?? [])
    .find(each => !each.internal && each.family === 'IPv4')?.address;
  if (address === undefined) return context.skip('this machine has no address beyond loopback');
  await using door = await startTestDoor({listen: [{host: address, port: 0}]});
  expect(door.line).toMatch(/^bxt_[0-9.:]+_[0-9a-f]{64}_/);
  expect(await door.client().whoami()).toMatchObject({access: 'owner'});
  const wrong = door.line.replace(/_[0-9a-f]{64}_/, `_${makeCertificate(new Date()).fingerprint}_`);
  await expect(door.client(wrong).whoami()).rejects.toMatchObject({code: 'WRONG_SERVER'});
  const job = door.services.addJob(door.tenant);
  door.services.end(job.id);
  const attached = async () => {
    for await (const item of door.client(wrong).attach({job: job.id})) if (item.type === 'end') return 'end';
    return 'none';
  };
  expect(await codeOf(attached())).toBe('WRONG_SERVER');
  const plain = createClient({server: `https://${address}:${door.port}`, token: secret});
  expect(await codeOf(plain.health())).toBe('SERVER_UNREACHABLE');
  return undefined;
});

test('opened to other machines, the same port still takes plain text from this one, and only from this one', async context => {
  const address = Object.values(networkInterfaces())
    .flatMap(each => each ?? [])
    .find(each => !each.internal && each.family === 'IPv4')?.address;
  if (address === undefined) return context.skip('this machine has no address beyond loopback');
  await using door = await startTestDoor({listen: [{host: '0.0.0.0', port: 0}]});
  expect(door.line).toMatch(/^bxt_127\.0\.0\.1:\d+_[0-9a-f]{64}_/);
  expect(await door.client().whoami()).toMatchObject({access: 'owner'});
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const near = createClient({server: `http://127.0.0.1:${door.port}`, token});
  expect(await near.whoami()).toMatchObject({access: 'owner'});
  const job = door.services.addJob(door.tenant);
  door.services.write(job.id, 'stdout', 'near');
  door.services.end(job.id);
  for (const client of [near, door.client()]) {
    const types = [];
    for await (const item of client.attach({job: job.id})) types.push(item.type);
    expect(types).toContain('bytes');
  }
  const far = createClient({server: `https://${address}:${door.port}`, token, fingerprint: door.access.reachable.fingerprint});
  expect(await far.whoami()).toMatchObject({access: 'owner'});
  const bare = createClient({server: `http://${address}:${door.port}`, token});
  expect(await codeOf(bare.whoami())).toBe('SERVER_UNREACHABLE');
  for (const client of [near, far, bare]) client.close();
  return undefined;
});

test('the proxy of the environment is used beyond loopback, unless NO_PROXY names the host', async () => {
  await using door = await startTestDoor();
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const target = connect(door.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  const port = await listening(proxy);
  const env = {HTTP_PROXY: `http://127.0.0.1:${port}`};
  const server = 'http://box.invalid:4240';
  const through = createClient({server, token: secret, env});
  expect(await codeOf(through.health())).toBe('ORIGIN_REFUSED');
  expect(asked).toEqual(['box.invalid:4240']);
  const direct = createClient({server, token: secret, env: {...env, NO_PROXY: '.invalid'}});
  expect(await codeOf(direct.health())).toBe('SERVER_UNREACHABLE');
  through.close();
  direct.close();
  proxy.closeAllConnections();
  proxy.close();
});

test('an answer lost on a connection the server had closed is asked for again', async () => {
  await using door = await startTestDoor();
  const client = door.client();
  await client.whoami();
  await door.reopen();
  expect(await client.whoami()).toMatchObject({access: 'owner'});
});

test('loading the client loads no schema library, no server and no socket library', async () => {
  const client = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url));
  const hook =
    'import {registerHooks} from "node:module"; registerHooks({load(url, context, next) { console.log(url); return next(url, context); }});';
  const code = `${hook} await import(${JSON.stringify(client)});`;
  const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  const loaded = stdout.split('\n').filter(url => url.startsWith('file:'));
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter(url => url.includes('node_modules'))).toEqual([]);
});
