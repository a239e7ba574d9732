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

it('an engine that answers nonsense to create has made no box', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'nonsense-'));
  const endpoint = {socketPath: path.join(dir, 'engine.sock')};
  const server = createServer((asked, to) => {
    if (asked.url?.includes('/_ping')) return to.end('OK');
    const isCreate = asked.url?.includes('/containers/create') === true;
    to.writeHead(isCreate ? 200 : 404, {'content-type': 'application/json'});
    to.end(isCreate ? '{"Id": "not the en' : '{"message": "no such container"}');
  });
  server.listen(endpoint.socketPath);
  await once(server, 'listening');
  const dialect = {name: 'docker', log: {Type: 'local', Config: {}}, logFormat: 'stream', wait: 'engine', resize: 'sure'} as const;
  const host = createHost('docker', dir, () => undefined);
  const connector = createConnector({dialect, host, endpoints: () => [endpoint], explain: (_, code) => ({why: String(code)})});
  try {
    const created = apiEngine(connector).create(spec, AbortSignal.timeout(5_000));
    await expect(created).rejects.toMatchObject({fault: 'failed', message: expect.stringContaining('makes no sense')});
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(dir, {recursive: true});
  }
});
