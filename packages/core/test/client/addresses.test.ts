import {createServer as createTlsServer, type Server as TlsServer} from 'node:https';
import {createServer, type AddressInfo, type Server} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {createClient} from '../../src/client/index.ts';
import {makeCertificate} from '../../src/rim/certificate.ts';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';

const open: (Server | TlsServer)[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) server.close();
});

async function portOf(server: Server | TlsServer): Promise<number> {
  open.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Takes connections and never says a word. */
const silentPort = () => portOf(createServer(socket => void socket.on('error', () => undefined).unref()));

/** Another server than the one of the ticket; counts what it is asked. */
async function stranger(): Promise<{port: number; asked: string[]}> {
  const asked: string[] = [];
  const {cert, key} = makeCertificate(new Date());
  const server = createTlsServer({cert, key}, (request, response) => {
    asked.push(request.url ?? '');
    response.end('{}');
  });
  return {port: await portOf(server), asked};
}

const lineOf = (door: TestDoor, ports: readonly number[]) =>
  door.line.replace(/^bxt_[^_]+_/, `bxt_${ports.map(port => `127.0.0.1:${port}`).join(',')}_`);

test('of a ticket’s addresses the one that answers as its server is taken, wherever it stands, and kept', async () => {
  await using door = await startTestDoor({listen: [{host: '0.0.0.0', port: 0}]});
  const other = await stranger();
  const ports = [await silentPort(), await closedPort(), other.port, door.port];
  const client = createClient({token: lineOf(door, ports)});
  const began = performance.now();
  expect(await client.whoami()).toMatchObject({access: 'owner'});
  expect(performance.now() - began).toBeLessThan(12_000);
  expect(client.server).toBe(`https://127.0.0.1:${door.port}`);
  const again = performance.now();
  const job = door.services.addJob(door.tenant);
  door.services.end(job.id);
  for await (const item of client.attach({job: job.id})) if (item.type === 'end') break;
  expect(performance.now() - again).toBeLessThan(9_000);
  expect(other.asked).toEqual([]);
  client.close();
});

test('where only another server answers, it is named with both keys and was sent nothing', async () => {
  await using door = await startTestDoor({listen: [{host: '0.0.0.0', port: 0}]});
  const other = await stranger();
  const client = createClient({token: lineOf(door, [await closedPort(), other.port])});
  await expect(client.whoami()).rejects.toMatchObject({
    code: 'WRONG_SERVER',
    details: {
      address: `127.0.0.1:${other.port}`,
      expected: door.access.reachable.fingerprint,
      found: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  });
  expect(other.asked).toEqual([]);
  client.close();
});

test('where none answers, all are named', async () => {
  const ports = [await closedPort(), await closedPort()];
  const line = `bxt_${ports.map(port => `127.0.0.1:${port}`).join(',')}_${'a'.repeat(64)}_${'b'.repeat(52)}`;
  const client = createClient({token: line, isNamed: true});
  const url = ports.map(port => `https://127.0.0.1:${port}`).join(', ');
  await expect(client.whoami()).rejects.toMatchObject({code: 'SERVER_UNREACHABLE', details: {url}});
  client.close();
});

test('a server that moved to another of its addresses is found there by the same client', async () => {
  await using door = await startTestDoor({listen: [{host: '0.0.0.0', port: 0}]});
  await using moved = await startTestDoor({
    listen: [{host: '0.0.0.0', port: 0}],
    tlsFiles: {cert: `${door.dir}/blobs/tls.pem`, key: `${door.dir}/blobs/tls.pem`},
  });
  const client = createClient({token: lineOf(door, [door.port, moved.port])});
  await client.whoami();
  await door.http.close();
  await expect(client.whoami()).rejects.toMatchObject({code: 'UNAUTHENTICATED'});
  expect(client.server).toBe(`https://127.0.0.1:${moved.port}`);
  client.close();
});
