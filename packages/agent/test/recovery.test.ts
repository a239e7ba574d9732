import {existsSync} from 'node:fs';
import {execFileSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {Scene, runSteps, waitFor} from './scene.ts';

const here = test.skipIf(!existsSync('/var/run/docker.sock'));
const config = {engines: [{module: 'docker', config: {socket: '/var/run/docker.sock'}}]};
const docker = (...args: string[]) => execFileSync('docker', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim();
const boxOf = (steps: ReturnType<typeof runSteps>) => (steps.find(step => step.do === 'container.start') as {box: string}).box;

here('a box removed behind the agent’s back while it was down ends its job as lost', async () => {
  await using scene = await Scene.open();
  const agent = scene.process({}, config);
  await waitFor(() => scene.server.of('worker.register').length > 0);
  const steps = runSteps(['sleep', '300'], {image: 'localhost/base:test'});
  const {job} = scene.server.start({engine: 'docker', steps});
  await waitFor(() => scene.server.of('job.update', job).some(one => one.state === 'running'));
  agent.kill('SIGKILL');
  process.kill(scene.hostPid!, 'SIGKILL');
  docker('rm', '-f', boxOf(steps));
  scene.process({}, config);
  expect(await scene.result(job)).toMatchObject({exit: {unknown: 'container_missing'}, reason: 'container_missing'});
});

here(
  'orphans of this agent are removed after a grace; DevBoxes and what others labelled stay',
  async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const machine = scene.server.of('hello')[0]!.machine;
    const name = (what: string) => `${what}-${process.pid}-${Date.now().toString(36)}`;
    const make = (box: string, labels: Record<string, string>) =>
      docker(
        'create',
        '--name',
        box,
        ...Object.entries(labels).flatMap(([key, value]) => ['--label', `io.boxyard.${key}=${value}`]),
        'localhost/base:test',
        'true',
      ) && box;
    const orphan = make(name('orphan'), {agent: machine, kind: 'job', job: 'j-gone'});
    const kept = [
      make(name('devbox'), {agent: machine, kind: 'devbox', devbox: 'd-1'}),
      make(name('foreign'), {agent: 'another', kind: 'job', job: 'j-gone'}),
      make(name('bare'), {}),
    ];
    try {
      await waitFor(() => docker('ps', '-aq', '--filter', `name=${orphan}`) === '', 60_000);
      for (const box of kept) expect(docker('ps', '-aq', '--filter', `name=${box}`)).not.toBe('');
    } finally {
      docker('rm', '-f', ...kept);
    }
  },
  90_000,
);

test('an engine that hangs holds up neither registration nor the jobs of another', async () => {
  await using scene = await Scene.open();
  const hanging = `data:text/javascript,export default {kind: 'engine', name: 'hanging', api: {oldest: 1, newest: 1}, config: {'~standard': {version: 1, vendor: 'x', validate: value => ({value})}}, create: () => ({probe: () => new Promise(() => {}), create: () => new Promise(() => {}), find: () => new Promise(() => {}), list: () => new Promise(() => {}), features: {}})}`;
  await scene.registered({engines: [{module: hanging}, ...scene.config().engines]});
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo fine'])});
  const {result, stdout} = await scene.whole(job);
  expect({error: result.error, stdout}).toEqual({stdout: 'fine\n'});
  const report = scene.server.of('worker.register').at(-1)!.engines;
  expect(report.map(one => [one.name, one.usable])).toEqual([
    ['hanging', false],
    ['process', true],
  ]);
});
