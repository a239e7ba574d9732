import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import type {Step} from '@boxyard/core/protocol';
import {box, withBox} from './held-box.ts';
import {Scene, waitFor} from './scene.ts';

const hasXvnc = await promisify(execFile)('Xtigervnc', ['-version']).then(
  () => true,
  () => (console.log('skipped: no Xtigervnc here'), false),
);
let stream = 2 ** 31 + 1_000;

const display = (change: Partial<Extract<Step, {do: 'display.open'}>> = {}): Step => ({
  do: 'display.open',
  box,
  display: 'vnc',
  width: 320,
  height: 240,
  idleMs: 600_000,
  ...change,
});

const start = (scene: Scene, step: Step) => scene.server.start({keepBox: true, kind: 'display', steps: [step]});
const running = (scene: Scene, job: string) =>
  waitFor(() => scene.server.of('job.update').some(message => message.job === job && message.state === 'running'));

interface Of {
  readonly job: string;
  readonly attempt: {number: number; id: string};
}

/** Asked again while the screen is not open again. */
async function view(scene: Scene, of: Of, more: {readonly glance?: true} = {}): Promise<number> {
  for (;;) {
    const number = (stream += 1);
    scene.server.send({type: 'display.view', stream: number, ...of, ...more});
    const answered = (message: {stream: number}) => message.stream === number;
    await waitFor(() => scene.server.of('display.opened').some(answered) || scene.server.of('stream.end').some(answered));
    if (scene.server.of('display.opened').some(answered)) return number;
  }
}

/** What the display says first to a viewer: a greeting, and that it wants no password. */
async function greeting(scene: Scene, of: Of): Promise<void> {
  const number = await view(scene, of);
  await waitFor(() => scene.server.data(number).bytes.toString('latin1').startsWith('RFB 003.008\n'));
}

test.runIf(hasXvnc)('a display is open until it is cancelled, also for an agent that was away', async () => {
  await using scene = await Scene.open();
  const agent = await withBox(scene);
  const {job, attempt} = start(scene, display());
  await running(scene, job);
  await greeting(scene, {job, attempt});
  await agent.close();
  const before = scene.server.of('worker.register').length;
  await scene.agent();
  await waitFor(() => scene.server.of('worker.register').length > before);
  await greeting(scene, {job, attempt});
  scene.server.send({type: 'job.cancel', entry: '9-0', job, attempt, reason: 'closed', graceMs: 1_000});
  expect(await scene.result(job)).toMatchObject({cancelled: 'closed'});
  stream += 1;
  scene.server.send({type: 'display.view', stream, job, attempt});
  await waitFor(() => scene.server.of('stream.end').some(message => message.stream === stream && message.error?.code === 'NOT_FOUND'));
});

test.runIf(hasXvnc)('a display that nobody looks at is closed, having said so before', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  const {job} = start(scene, display({idleMs: 4_000}));
  const {result, log} = await scene.whole(job);
  expect(result).toMatchObject({exit: {code: 0}});
  expect(log).toMatch(/nobody looks; it is closed in \d+ s/);
  expect(log).toContain('closed: nobody looked for 4 s');
});

test.runIf(hasXvnc)('who looks in passing does not keep a display open', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  const {job, attempt} = start(scene, display({idleMs: 3_000}));
  await running(scene, job);
  const glance = await view(scene, {job, attempt}, {glance: true});
  const {log} = await scene.whole(job);
  expect(log).toContain('closed: nobody looked for 3 s');
  expect(scene.server.of('stream.end').some(message => message.stream === glance)).toBe(true);
});

test('a display that this worker has not, and one in a box that does not run, are refused', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  expect((await scene.result(start(scene, display({display: 'spice'})).job)).error).toMatchObject({code: 'UNSUPPORTED'});
  expect((await scene.result(start(scene, display({box: 'no-such-box'})).job)).error).toMatchObject({code: 'NOT_FOUND'});
  await scene.result(scene.server.start({keepBox: true, steps: [{do: 'container.stop', box, graceMs: 100}]}).job);
  expect((await scene.result(start(scene, display()).job)).error).toMatchObject({code: 'CONFLICT'});
});
