import {createServer, type AddressInfo} from 'node:net';
import {expect, test} from 'vitest';
import {dial} from '../src/dial.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

test('a server that does not listen yet is waited for as long as the patience lasts, and no longer', async () => {
  const port = await freePort();
  const options = {host: '127.0.0.1', port, tls: false, env: {}, timeoutMs: 5_000};
  await expect(dial(options)).rejects.toThrow('ECONNREFUSED');
  await expect(dial({...options, patienceMs: 60})).rejects.toThrow('ECONNREFUSED');
  const dialling = dial({...options, patienceMs: 5_000});
  const server = createServer(socket => socket.end('here'));
  await new Promise(resolve => setImmediate(resolve));
  server.listen(port, '127.0.0.1');
  const stream = await dialling;
  const [said] = (await stream.take(1).toArray()) as Buffer[];
  expect(said?.toString()).toBe('here');
  stream.destroy();
  server.close();
});
