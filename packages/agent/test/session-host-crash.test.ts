import {existsSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {newAttemptId} from '@boxyard/core/config';
import type {Step} from '@boxyard/core/protocol';
import {Scene, killQuietly, runSteps, waitFor} from './scene.ts';

const cases = [
  {name: 'process', socket: '/', image: undefined},
  {name: 'docker', socket: '/var/run/docker.sock', image: 'localhost/base:test'},
  {name: 'podman', socket: '/run/podman/podman.sock', image: 'localhost/base:test'},
];
const script = 'i=0; while [ $i -lt 100 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done; exit 7';
const held = {
  labels: {'io.boxyard.kind': 'devbox', 'io.boxyard.devbox': 'd'},
  main: 'hold' as const,
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  readOnlyRoot: false,
};
/** Processes of this machine that carry the job's name, whatever box they are in. */
const marked = (job: string) =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`BOXYARD_JOB=${job}`);
    } catch {
      return false;
    }
  });
const lines = Array.from({length: 100}, (_, index) => `line ${index}\n`).join('');

for (const {name, socket, image} of cases) {
  const here = test.skipIf(!existsSync(socket));
  const change = (scene: Scene) => ({engines: name === 'process' ? scene.config().engines : [{module: name, config: {socket}}]});

  here(`when the session host dies the rest of a job’s output on ${name} is read from the engine’s log, and said so`, async () => {
    await using scene = await Scene.open();
    await scene.registered(change(scene));
    const {job} = scene.server.start({engine: name, steps: runSteps(['sh', '-c', script], image === undefined ? {} : {image})});
    await waitFor(() => scene.server.output(job).bytes.length > 100);
    killQuietly(scene.hostPid!);
    const {result, stdout} = await scene.whole(job);
    expect(result.exit).toEqual({code: 7});
    expect(stdout).toBe(lines);
    expect(result.gaps.map(gap => gap.reason)).toEqual(['engine-log']);
  });
}

for (const {name, socket, image} of cases) {
  const here = test.skipIf(!existsSync(socket));

  here(`when the session host dies an exec on ${name} ends unknown, is not run again, and what is left of it is killed`, async () => {
    await using scene = await Scene.open();
    await scene.registered({engines: name === 'process' ? scene.config().engines : [{module: name, config: {socket}}]});
    const run = (steps: Step[], keepBox = true) => scene.server.start({engine: name, keepBox, steps});
    const box = `held-${name}-${process.pid}-${Date.now().toString(36)}`;
    const exec = (script: string): Step => ({
      do: 'container.exec',
      box,
      command: {argv: ['sh', '-c', script], env: {}, stdin: false},
      secrets: [],
    });
    const made = run([
      {do: 'container.create', spec: {...held, name: box, ...(image === undefined ? {} : {image})}, secrets: []},
      {do: 'container.start', box, stdin: false},
    ]);
    expect((await scene.result(made.job)).exit).toEqual({code: 0});
    const {job} = run([exec('echo run >> ledger; sleep 300 & echo up; exec sleep 300')]);
    await waitFor(() => scene.server.output(job).bytes.toString().includes('up'));
    expect(marked(job).length).toBeGreaterThanOrEqual(2);
    killQuietly(scene.hostPid!);
    const result = await scene.result(job);
    expect({exit: result.exit, reason: result.reason}).toEqual({exit: {unknown: 'exec_outcome_unknown'}, reason: 'exec_outcome_unknown'});
    await waitFor(() => marked(job).length === 0, 10_000);
    const count = run([exec('wc -l < ledger')]);
    expect((await scene.whole(count.job)).stdout.trim()).toBe('1');
    const gone = run([{do: 'container.remove', box}], false);
    expect((await scene.result(gone.job)).exit).toEqual({code: 0});
  });
}

test('input that broke off is never shown as an ended one: the job is killed and says so', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'cat && echo "got eof"'], {stdin: true}), stdin: true});
  scene.server.stdin.set(job, {bytes: Buffer.from('half'), ended: false});
  await waitFor(() => {
    scene.server.feed(job);
    return scene.server.output(job).bytes.toString() === 'half';
  });
  scene.server.stdin.set(job, {bytes: Buffer.from('half'), ended: false, interrupted: true});
  scene.server.feed(job);
  const {result, stdout} = await scene.whole(job);
  expect({reason: result.reason, exit: result.exit, stdout}).toEqual({reason: 'stdin_interrupted', stdout: 'half'});
});

test('a session host that holds nothing ends, and so does one whose state directory is gone', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['true'])});
  await scene.result(job);
  const pid = scene.hostPid!;
  await waitFor(() => !existsSync(`/proc/${pid}`));
});

test('secrets are asked for again after agent and session host died, and what is written then is masked as before', async () => {
  await using scene = await Scene.open();
  const agent = await scene.registered();
  const canary = 'canary-9e1f00d-value';
  scene.server.secrets.get = () => ({token: canary});
  const go = `/tmp/go-${newAttemptId()}`;
  const waiting = `echo before $TOKEN; until [ -e ${go} ]; do sleep 0.05; done; echo after $TOKEN`;
  const secrets = [{secret: 'token', as: 'TOKEN', kind: 'env' as const}];
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', waiting], {secrets})});
  await waitFor(() => scene.server.output(job).bytes.toString().includes('before'));
  const asked = scene.server.of('job.secrets', job).length;
  await agent.close();
  killQuietly(scene.hostPid!);
  await scene.agent();
  await waitFor(() => scene.server.of('job.secrets', job).length > asked);
  writeFileSync(go, '', {mode: 0o644});
  try {
    const {stdout} = await scene.whole(job);
    expect(stdout).not.toContain(canary);
    expect(stdout).toContain(`after ${'*'.repeat(canary.length)}`);
  } finally {
    rmSync(go);
  }
});
