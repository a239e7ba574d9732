import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {scaled} from '@boxyard/core/config';
import {hostsBeside, runningHosts, versionOf} from '../src/running-hosts.ts';
import {Scene, killQuietly, runSteps, timeScale, waitFor} from './scene.ts';

const main = join(import.meta.dirname, '../src/session-host/main.ts');

/** A session host of other code: the same program, with other bytes. */
function release(scene: Scene, name: string) {
  const file = join(scene.dir, `session-host-${name}.mjs`);
  writeFileSync(file, `// ${name}\nawait import(${JSON.stringify(main)});\n`);
  return {file, isBundle: true};
}

/** It never ends for being idle within a test. */
const env = {...process.env, BOXYARD_TIME_SCALE: '1'};
const pidOf = (scene: Scene, program: ReturnType<typeof release>) =>
  runningHosts(scene.stateDir).find(one => one.version === versionOf(program.file))?.pid;
const script = 'echo one; read line; echo "$line"; seq 1 20000; exit 3';
const whole = `one\ntwo\n${Array.from({length: 20_000}, (_, index) => `${index + 1}\n`).join('')}`;

/** A job under way in the session host of the old release, and an agent of the new one. */
async function upgraded(scene: Scene) {
  const [old, fresh] = [release(scene, 'old'), release(scene, 'new')];
  const before = await scene.registered({}, {hostProgram: old, env});
  const {job} = scene.server.start({stdin: true, steps: runSteps(['sh', '-c', script], {stdin: true})});
  scene.server.stdin.set(job, {bytes: Buffer.alloc(0), ended: false});
  await waitFor(() => scene.server.output(job).bytes.toString() === 'one\n');
  await before.close();
  scene.server.received.length = 0;
  await scene.registered({}, {hostProgram: fresh, env, timing: {...scaled(timeScale), offlineAfter: 5_000, gcEvery: 200}});
  const say = (text: string) => {
    scene.server.stdin.set(job, {bytes: Buffer.from(text), ended: true});
    scene.server.feed(job);
  };
  return {job, old, fresh, say};
}

test('after an upgrade new work goes to a new session host, and the old one ends with its last stream', async () => {
  await using scene = await Scene.open();
  const {job, old, fresh, say} = await upgraded(scene);
  const other = scene.server.start({steps: runSteps(['sh', '-c', 'echo fresh'])});
  expect((await scene.whole(other.job)).stdout).toBe('fresh\n');
  expect([pidOf(scene, old), pidOf(scene, fresh)]).toEqual([expect.any(Number), expect.any(Number)]);
  const shown = hostsBeside(scene.stateDir, fresh.file);
  expect(Object.fromEntries(shown.map(({pid, isOlder}) => [pid, isOlder]))).toEqual({
    [pidOf(scene, old)!]: true,
    [pidOf(scene, fresh)!]: false,
  });
  say('two\n');
  const {result, stdout} = await scene.whole(job);
  expect({exit: result.exit, gaps: result.gaps, isWhole: stdout === whole}).toEqual({exit: {code: 3}, gaps: [], isWhole: true});
  await waitFor(() => pidOf(scene, old) === undefined, 10_000);
  expect(pidOf(scene, fresh)).toBeDefined();
  await waitFor(() => readdirSync(scene.stateDir).every(name => !name.includes(versionOf(old.file))), 10_000);
});

test('an old session host that is killed costs its own jobs their stream and the others nothing', async () => {
  await using scene = await Scene.open();
  const {job, old} = await upgraded(scene);
  const lines = 'i=0; while [ $i -lt 60 ]; do echo "line $i"; i=$((i+1)); sleep 0.02; done';
  const other = scene.server.start({steps: runSteps(['sh', '-c', lines])});
  await waitFor(() => scene.server.output(other.job).bytes.length > 0);
  killQuietly(pidOf(scene, old)!);
  const ended = await scene.result(job);
  expect(ended.reason).toBe('stdin_interrupted');
  const {result} = await scene.whole(other.job);
  expect({exit: result.exit, gaps: result.gaps}).toEqual({exit: {code: 0}, gaps: []});
});

test('an agent whose package is replaced under it starts the session host it came with', async () => {
  await using scene = await Scene.open();
  const program = release(scene, 'replaced');
  await scene.registered({}, {hostProgram: {...program, isBundle: true}, env});
  const version = versionOf(program.file);
  writeFileSync(program.file, 'throw new Error("not this one")');
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo fine'])});
  expect((await scene.whole(job)).stdout).toBe('fine\n');
  expect(runningHosts(scene.stateDir).map(one => one.version)).toEqual([version]);
});

test('an agent of the same code finds its session host again and starts no second', async () => {
  await using scene = await Scene.open();
  const only = release(scene, 'only');
  const before = await scene.registered({}, {hostProgram: only, env: {...env, BOXYARD_TIME_SCALE: String(timeScale)}});
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo up; sleep 2'])});
  await waitFor(() => scene.server.output(job).bytes.length > 0);
  const [pid] = [pidOf(scene, only)];
  await before.close();
  await scene.registered({}, {hostProgram: only, env});
  expect((await scene.whole(job)).result.exit).toEqual({code: 0});
  expect(runningHosts(scene.stateDir).map(one => one.pid)).toEqual([pid]);
});
