import {once} from 'node:events';
import {mkdtempSync} from 'node:fs';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {files, paths, writePrivate} from '@boxyard/core/config';
import {connect, findTarget} from '../../src/services/connection.ts';
import {writeUpFile} from '../../src/services/up-file.ts';

function machineWithUp(url = 'http://127.0.0.1:4240') {
  const at = paths({HOME: mkdtempSync(join(tmpdir(), 'boxyard-connection-'))});
  writePrivate(files(at).localToken, 'owner\n');
  writeUpFile(at, {pid: process.pid, url, tokenFile: files(at).localToken, startedAt: 'now'});
  return at;
}

describe('the owner’s token of this machine', () => {
  test('opens the server of boxyard up', () => {
    expect(findTarget({env: {}, paths: machineWithUp()})).toMatchObject({server: 'http://127.0.0.1:4240', token: 'owner'});
  });

  test.each(['http://elsewhere.example:4240', 'https://192.168.1.5:4240', 'http://127.0.0.1.example:4240'])(
    'is never sent to %s',
    server => {
      expect(() => findTarget({env: {}, paths: machineWithUp(), server})).toThrow(/valid token/);
      expect(() => findTarget({env: {BOXYARD_SERVER: server}, paths: machineWithUp()})).toThrow(/valid token/);
    },
  );
});

test.each(['', 'nonsense', 'ftp://here', '127.0.0.1:4240'])('an address like "%s" is refused by name', server => {
  expect(() => findTarget({env: {}, paths: machineWithUp(), server})).toThrow(/expected http/);
});

test('a bare token of the environment is for the server that runs here', () => {
  expect(findTarget({env: {BOXYARD_TOKEN: 'bad'}, paths: machineWithUp()})).toMatchObject({server: 'http://127.0.0.1:4240', token: 'bad'});
});

test('an address that somebody gave is known as such, so that a dead one is not called “no server here”', async () => {
  const port = await freePort();
  const dead = `http://127.0.0.1:${port}`;
  const at = machineWithUp(`http://127.0.0.1:${port}`);
  const named = await connect({env: {}, paths: machineWithUp(), server: dead});
  await expect(named.client.health()).rejects.toMatchObject({code: 'SERVER_UNREACHABLE', hint: expect.stringContaining('boxyard status')});
  const usual = await connect({env: {}, paths: at});
  await expect(usual.client.health()).rejects.toMatchObject({code: 'NO_SERVER'});
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const {port} = probe.address() as AddressInfo;
  await new Promise(resolve => probe.close(resolve));
  return port;
}
