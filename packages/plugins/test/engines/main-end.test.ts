import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {createHost} from '@boxyard/core/plugin-host';
import {apiEngine} from '../../src/engines/docker-api/api-engine.ts';
import {createConnector} from '../../src/engines/docker-api/connector.ts';

const NOT_HERE = 2 ** 30;
const started = {StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '2026-01-01T00:00:01Z', Paused: false, OOMKilled: false};
const running = {...started, Status: 'running', Running: true, Pid: NOT_HERE, ExitCode: 0};
const exited = {...started, Status: 'exited', Running: false, Pid: 0, ExitCode: 7};

/** A podman whose container has ended for good at the look with this number, counted from the box's finding; its own wait is `slow`. */
async function podman(endsAtLook: number, slow: boolean) {
  const dir = await mkdtemp(path.join(tmpdir(), 'main-end-'));
  const endpoint = {socketPath: path.join(dir, 'engine.sock')};
  let looks = 0;
  let waits = 0;
  const server = createServer((asked, to) => {
    const say = (body: object) => void to.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(body));
    if (asked.url?.includes('/wait') !== true) return say({Name: '/box', Config: {}, State: ++looks < endsAtLook ? running : exited});
    waits += 1;
    if (slow) return;
    looks = endsAtLook;
    say({StatusCode: 7});
  });
  server.listen(endpoint.socketPath);
  await once(server, 'listening');
  const dialect = {
    name: 'podman',
    log: {Type: 'k8s-file', Config: {}},
    logFormat: 'k8s-file',
    wait: 'process',
    resize: 'unsure',
    scratch: [],
  } as const;
  const host = createHost('podman', dir, () => undefined);
  const engine = apiEngine(createConnector({dialect, host, endpoints: () => [endpoint], explain: () => ({why: 'no'})}));
  return {
    end: async () => (await engine.find('box', AbortSignal.timeout(20_000)))?.wait(AbortSignal.timeout(20_000)),
    waits: () => waits,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await rm(dir, {recursive: true});
    },
  };
}

it('a program whose process is gone before podman says so is not waited for by podman’s own late wait', async () => {
  await using at = await podman(5, true);
  expect(await at.end()).toEqual({code: 7});
  expect(at.waits()).toBe(0);
});

it('a program whose process is never seen, as on another machine, is waited for by podman itself', async () => {
  await using at = await podman(10_000, false);
  expect(await at.end()).toEqual({code: 7});
  expect(at.waits()).toBe(1);
});
