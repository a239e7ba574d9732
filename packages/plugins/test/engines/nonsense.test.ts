import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {createHost} from '@boxyard/core/plugin-host';
import {apiEngine} from '../../src/engines/docker-api/api-engine.ts';
import {createConnector} from '../../src/engines/docker-api/connector.ts';

const spec = {name: 'box', image: 'i', labels: {}, env: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false};

type Answer = {readonly status: number; readonly text: string};

/** An engine behind a socket that answers every call with what `say` says of its path. */
async function answering(say: (path: string) => Answer) {
  const dir = await mkdtemp(path.join(tmpdir(), 'nonsense-'));
  const endpoint = {socketPath: path.join(dir, 'engine.sock')};
  const server = createServer((asked, to) => {
    const {status, text} = asked.url?.includes('/_ping') === true ? {status: 200, text: 'OK'} : say(asked.url ?? '');
    to.writeHead(status, {'content-type': 'application/json'}).end(text);
  });
  server.listen(endpoint.socketPath);
  await once(server, 'listening');
  const dialect = {
    name: 'docker',
    log: {Type: 'local', Config: {}},
    logFormat: 'stream',
    wait: 'engine',
    resize: 'sure',
    scratch: [],
  } as const;
  const host = createHost('docker', dir, () => undefined);
  const connector = createConnector({dialect, host, endpoints: () => [endpoint], explain: (_, code) => ({why: String(code)})});
  return {
    engine: apiEngine(connector),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await rm(dir, {recursive: true});
    },
  };
}

it('an engine that answers nonsense to create has made no box', async () => {
  const missing = {status: 404, text: '{"message": "no such container"}'};
  await using at = await answering(called => (called.includes('/create') ? {status: 200, text: '{"Id": "not the en'} : missing));
  const created = at.engine.create(spec, AbortSignal.timeout(5_000));
  await expect(created).rejects.toMatchObject({fault: 'failed', message: expect.stringContaining('makes no sense')});
});

it('a container that goes away while podman is asked about it is not there', async () => {
  const text = '{"message": "container e01a does not exist in database: no such container"}';
  await using at = await answering(() => ({status: 500, text}));
  expect(await at.engine.find('box', AbortSignal.timeout(5_000))).toBeUndefined();
});
