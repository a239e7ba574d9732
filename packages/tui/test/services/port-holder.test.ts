import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {expect, test} from 'vitest';
import {parseListen, refuseBusyPort} from '../../src/services/port-holder.ts';

test('a busy port is refused with who holds it and a free one', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  try {
    const error = await refuseBusyPort({host: '127.0.0.1', port}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({code: 'PORT_BUSY', details: {address: `127.0.0.1:${port}`}});
    expect((error as Error).message).toContain(`(pid ${process.pid})`);
  } finally {
    server.close();
  }
});

test.each([
  ['4240', {host: '127.0.0.1', port: 4240}],
  ['0.0.0.0:1', {host: '0.0.0.0', port: 1}],
  ['[::1]:80', {host: '::1', port: 80}],
])('%s is an address to listen on', (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});

test.each(['', 'x', 'host:', 'a:b:1', '127.0.0.1:99999'])('%j is none', text => {
  expect(() => parseListen(text)).toThrow(/HOST:PORT/);
});
