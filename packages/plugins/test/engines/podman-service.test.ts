import {mkdtemp, readFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import type {Chunk} from '@boxyard/core/plugin-api';
import {ensureBaseImage} from '@boxyard/core/testing';
import {apiEngine} from '../../src/engines/docker-api/api-engine.ts';
import {createProbe} from '../../src/engines/docker-api/probe.ts';
import {privateSocket} from '../../src/engines/podman/service.ts';
import {findPodman, ownPodman, servicePid} from './own-podman.ts';

const podman = await findPodman();
if (podman === undefined) process.stderr.write('podman service tests skipped: no podman on PATH\n');

const opened: string[] = [];
afterEach(async () => {
  for (const stateDir of opened.splice(0)) {
    const pid = await servicePid(stateDir);
    if (pid > 0) process.kill(pid, 'SIGKILL');
    await rm(stateDir, {recursive: true, force: true});
  }
});

describe.skipIf(podman === undefined)('podman without a service', () => {
  it('is started once for two that need it at the same time, and then runs containers within limits', {timeout: 60_000}, async () => {
    const stateDir = await makeStateDir();
    const [first, second] = [ownPodman(stateDir), ownPodman(stateDir)];
    await Promise.all([first.open(), second.open()]);
    const pid = await readFile(path.join(stateDir, 'service.pid'), 'utf8');
    await ownPodman(stateDir).open();
    expect(await readFile(path.join(stateDir, 'service.pid'), 'utf8')).toBe(pid);
    const answer = await createProbe(second)(AbortSignal.timeout(30_000));
    expect(answer).toMatchObject({usable: true, enforces: expect.arrayContaining(['memory', 'cpus', 'pids'])});
  });

  it('is started again when it went away', {timeout: 60_000}, async () => {
    const stateDir = await makeStateDir();
    const one = ownPodman(stateDir);
    await one.open();
    const pid = await servicePid(stateDir);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => one.open().then(() => servicePid(stateDir)), {timeout: 20_000}).not.toBe(pid);
    expect(String(await (await one.open()).docker.ping())).toBe('OK');
  });
});

describe.skipIf(podman === undefined)('a program of an exec that runs out of memory', () => {
  it('leaves no file behind but in the directory of the service', {timeout: 60_000}, async () => {
    const image = await ensureBaseImage('podman');
    const stateDir = await makeStateDir();
    const one = ownPodman(stateDir);
    const signal = AbortSignal.timeout(50_000);
    const main = ['sleep', '60'];
    const box = await apiEngine(one).create(
      {...plain, limits: {memoryBytes: 32 * 1024 * 1024}, name: `oom-${Date.now()}`, image, main},
      signal,
    );
    try {
      await box.start(undefined, signal);
      const eater = ['sh', '-c', 'x=a; while :; do x=$x$x; done'];
      const exec = await apiEngine(one).features.exec!(box, {argv: eater}, signal);
      for await (const _chunk of exec.output) void _chunk;
      expect(await exec.wait()).not.toEqual({code: 0});
      await expect.poll(() => readdir(stateDir), {timeout: 10_000}).toContain('oom');
    } finally {
      await box.remove(signal);
    }
  });
});

describe.skipIf(podman === undefined)('a service killed in the middle of a job', () => {
  it('costs neither a byte of its output nor its end', {timeout: 90_000}, async () => {
    const image = await ensureBaseImage('podman');
    const stateDir = await makeStateDir();
    const one = ownPodman(stateDir);
    await one.open();
    const signal = AbortSignal.timeout(80_000);
    const engine = apiEngine(one);
    const main = ['sh', '-c', 'i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done; printf end; exit 6'];
    const box = await engine.create({...plain, name: `killed-${Date.now()}`, image, main}, signal);
    try {
      const output = readAll(box.output({stdout: 0, stderr: 0}, signal));
      await box.start(undefined, signal);
      const exit = box.wait(signal);
      const log = box.output({stdout: 0, stderr: 0}, signal);
      await firstChunk(log);
      const pid = await servicePid(stateDir);
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => one.open().then(() => servicePid(stateDir)), {timeout: 20_000}).not.toBe(pid);
      expect(await exit).toEqual({code: 6});
      expect(await output).toBe(`${Array.from({length: 40}, (_none, index) => `line ${index}\n`).join('')}end`);
    } finally {
      await one.open();
      await box.remove(signal);
    }
  });
});

it('a socket path that would be too long lies elsewhere', () => {
  expect(privateSocket('/short').length).toBeLessThan(100);
  expect(privateSocket(`/${'deep/'.repeat(40)}`).length).toBeLessThan(100);
});

const plain = {labels: {}, env: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false};

const readAll = async (source: AsyncIterable<Chunk>): Promise<string> => {
  let text = '';
  for await (const {bytes} of source) text += Buffer.from(bytes).toString();
  return text;
};

const firstChunk = async (source: AsyncIterable<Chunk>): Promise<void> => {
  for await (const _chunk of source) return;
};

const makeStateDir = async (): Promise<string> => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'boxyard-podman-'));
  opened.push(stateDir);
  return stateDir;
};
