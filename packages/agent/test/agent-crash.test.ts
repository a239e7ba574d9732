import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {CrashPoint} from '../src/steps/index.ts';
import {Scene, runSteps, waitFor} from './scene.ts';

const cases = [
  {name: 'process', socket: '/', image: undefined},
  {name: 'docker', socket: '/var/run/docker.sock', image: 'localhost/base:test'},
  {name: 'podman', socket: '/run/podman/podman.sock', image: 'localhost/base:test'},
];
const lines = Array.from({length: 200}, (_, index) => `line ${index}\n`).join('');
const script = 'i=0; while [ $i -lt 200 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done; exit 7';

for (const {name, socket, image} of cases) {
  const here = test.skipIf(!existsSync(socket));
  const engines = (scene: Scene) => (name === 'process' ? scene.config().engines : [{module: name, config: {socket}}]);

  here(`an agent killed twice in the middle of a job on ${name} loses no byte and not the exit`, async () => {
    await using scene = await Scene.open();
    const first = scene.process({}, {engines: engines(scene)});
    await waitFor(() => scene.server.of('worker.register').length > 0);
    const {job} = scene.server.start({engine: name, steps: runSteps(['sh', '-c', script], image === undefined ? {} : {image})});
    await waitFor(() => scene.server.output(job).bytes.length > 200);
    first.kill('SIGKILL');
    await waitFor(() => first.signalCode === 'SIGKILL');
    const second = scene.process({}, {engines: engines(scene)});
    await waitFor(() => scene.server.output(job).bytes.length > 900);
    second.kill('SIGKILL');
    await waitFor(() => second.signalCode === 'SIGKILL');
    scene.process({}, {engines: engines(scene)});
    const {result, stdout} = await scene.whole(job);
    expect(result.exit).toEqual({code: 7});
    expect(stdout).toBe(lines);
    expect(result.gaps).toEqual([]);
  });
}

for (const at of ['after-accept', 'after-create', 'after-start', 'before-result'] satisfies CrashPoint[]) {
  test(`an agent that dies ${at.replace('-', ' ')} runs the job once and ends it`, async () => {
    await using scene = await Scene.open();
    const first = scene.process({BOXYARD_CRASH_AT: at});
    await waitFor(() => scene.server.of('worker.register').length > 0);
    const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo started; sleep 0.2; echo ended'])});
    await waitFor(() => first.signalCode === 'SIGKILL');
    scene.process();
    const {result, stdout} = await scene.whole(job);
    expect({exit: result.exit, stdout}).toEqual({exit: {code: 0}, stdout: 'started\nended\n'});
  });
}

test('a job that takes the agent down three times is given up as poison, and others go on', async () => {
  await using scene = await Scene.open();
  let child = scene.process({BOXYARD_CRASH_AT: 'after-create'});
  await waitFor(() => scene.server.of('worker.register').length > 0);
  const {job} = scene.server.start({steps: runSteps(['sleep', '1'])});
  for (let crashes = 1; crashes < 3; crashes++) {
    await waitFor(() => child.signalCode === 'SIGKILL');
    child = scene.process({BOXYARD_CRASH_AT: 'after-create'});
  }
  await waitFor(() => child.signalCode === 'SIGKILL');
  scene.process();
  expect(await scene.result(job)).toMatchObject({cancelled: 'poison'});
  const other = scene.server.start({steps: runSteps(['sh', '-c', 'echo fine'])});
  expect((await scene.whole(other.job)).stdout).toBe('fine\n');
});

test('a journal that is no database any more is put aside, and the worker keeps its name for its boxes', async () => {
  await using scene = await Scene.open();
  const agent = await scene.registered();
  await agent.close();
  writeFileSync(join(scene.stateDir, 'journal.db'), 'rubbish '.repeat(1000));
  await scene.agent();
  await waitFor(() => scene.server.of('hello').length > 1);
  const [before, after] = scene.server.of('hello');
  expect(after!.machine).toBe(before!.machine);
});
