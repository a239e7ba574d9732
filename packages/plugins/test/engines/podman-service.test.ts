import {access, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import {createHost} from '@boxyard/core/plugin-host';
import {createConnector, type Connector} from '../../src/engines/docker-api/connector.ts';
import {probe} from '../../src/engines/docker-api/probe.ts';
import {launchService, privateSocket} from '../../src/engines/podman/service.ts';

const podman = await findPodman();
if (podman === undefined) process.stderr.write('podman service tests skipped: no podman on PATH\n');

const opened: string[] = [];
afterEach(async () => {
  for (const stateDir of opened.splice(0)) {
    const pid = Number(await readFile(path.join(stateDir, 'service.pid'), 'utf8').catch(() => '0'));
    if (pid > 0) process.kill(pid, 'SIGKILL');
    await rm(stateDir, {recursive: true, force: true});
  }
});

describe.skipIf(podman === undefined)('podman without a service', () => {
  it('is started once for two that need it at the same time, and then runs containers within limits', {timeout: 60_000}, async () => {
    const stateDir = await makeStateDir();
    const [first, second] = [connector(stateDir), connector(stateDir)];
    await Promise.all([first.open(), second.open()]);
    const pid = await readFile(path.join(stateDir, 'service.pid'), 'utf8');
    await connector(stateDir).open();
    expect(await readFile(path.join(stateDir, 'service.pid'), 'utf8')).toBe(pid);
    const answer = await probe(second, AbortSignal.timeout(30_000));
    expect(answer).toMatchObject({usable: true, enforces: expect.arrayContaining(['memory', 'cpus', 'pids'])});
  });

  it('is started again when it went away', {timeout: 60_000}, async () => {
    const stateDir = await makeStateDir();
    const one = connector(stateDir);
    await one.open();
    const pid = Number(await readFile(path.join(stateDir, 'service.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await one.open()).docker.ping().then(String), {timeout: 20_000}).toContain('OK');
    expect(Number(await readFile(path.join(stateDir, 'service.pid'), 'utf8'))).not.toBe(pid);
  });
});

it('a socket path that would be too long lies elsewhere', () => {
  expect(privateSocket('/short').length).toBeLessThan(100);
  expect(privateSocket(`/${'deep/'.repeat(40)}`).length).toBeLessThan(100);
});

const makeStateDir = async (): Promise<string> => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'boxyard-podman-'));
  opened.push(stateDir);
  return stateDir;
};

const connector = (stateDir: string): Connector => {
  const host = createHost('podman', stateDir, () => undefined);
  const endpoint = {socketPath: privateSocket(stateDir)};
  const {CONTAINERS_CONF: _conf, ...env} = process.env;
  return createConnector({
    dialect: {name: 'podman', log: {Type: 'k8s-file', Config: {}}, logFormat: 'k8s-file', wait: 'process'},
    host,
    endpoints: () => [endpoint],
    explain: (_tried, code) => ({why: String(code)}),
    launch: connectTo => launchService({config: {start: true}, host, env, endpoint}, connectTo),
  });
};

async function findPodman(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const place = path.join(folder, 'podman');
    if (
      await access(place).then(
        () => true,
        () => false,
      )
    )
      return place;
  }
  return undefined;
}
