import {expect, test} from 'vitest';
import {AgentClock} from '../src/clock.ts';
import {Scene, killQuietly, runSteps, waitFor} from './scene.ts';

const STOP_AFTER_MS = 3_000;

/** A job that may be run again elsewhere, and the pid of its program. */
async function running(scene: Scene, script = 'echo $$; exec sleep 300') {
  const {job} = scene.server.start({stopAfterMs: STOP_AFTER_MS, steps: runSteps(['sh', '-c', script])});
  const pid = Number(await waitFor(() => /^(\d+)\n/.exec(scene.server.output(job).bytes.toString())?.[1]));
  return {job, pid};
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const later = (ms: number) => {
  const until = Date.now() + ms;
  return waitFor(() => Date.now() > until);
};
const outOfTouch = {exit: {unknown: 'out_of_touch'}, reason: 'out_of_touch'};

test('an agent frozen for longer than a job may be out of touch stops it when it thaws, whatever waits in its socket', async () => {
  await using scene = await Scene.open();
  const agent = scene.process();
  await waitFor(() => scene.server.of('worker.register').length > 0);
  const {job, pid} = await running(scene);
  agent.kill('SIGSTOP');
  await later(STOP_AFTER_MS + 500);
  scene.server.send({type: 'inventory.ask'});
  expect(isAlive(pid)).toBe(true);
  agent.kill('SIGCONT');
  expect(await scene.result(job)).toMatchObject(outOfTouch);
  await waitFor(() => !isAlive(pid), 10_000);
});

test('an agent frozen for less goes on as if nothing had been', async () => {
  await using scene = await Scene.open();
  const agent = scene.process();
  await waitFor(() => scene.server.of('worker.register').length > 0);
  const {job} = await running(scene, 'echo $$; sleep 4; exit 6');
  agent.kill('SIGSTOP');
  await later(1_000);
  agent.kill('SIGCONT');
  expect((await scene.result(job)).exit).toEqual({code: 6});
});

test('an agent that was dead for longer stops the job when it comes back, and keeps the end of one that ended', async () => {
  await using scene = await Scene.open();
  const env = {BOXYARD_TIME_SCALE: '0.2'};
  const agent = scene.process(env);
  await waitFor(() => scene.server.of('worker.register').length > 0);
  const ended = await running(scene, 'echo $$; sleep 1; exit 5');
  const lasting = await running(scene);
  killQuietly(agent.pid!);
  await later(STOP_AFTER_MS + 1_500);
  scene.process(env);
  expect(await scene.result(lasting.job)).toMatchObject(outOfTouch);
  expect((await scene.result(ended.job)).exit).toEqual({code: 5});
  await waitFor(() => !isAlive(lasting.pid), 10_000);
});

/** A clock on which the machine slept for as long as is set. */
function sleepingClock() {
  const real = new AgentClock();
  return {
    sleptMs: 0,
    nowMs: () => real.nowMs(),
    bootMs(): number {
      return real.bootMs() + this.sleptMs;
    },
    follow: (serverMs: number) => real.follow(serverMs),
  };
}

test('on waking the jobs that may run elsewhere end first, and the server hears of the sleep on a new connection', async () => {
  await using scene = await Scene.open();
  const clock = sleepingClock();
  await scene.registered({}, {clock});
  const {job} = await running(scene);
  const other = scene.server.start({steps: runSteps(['sh', '-c', 'echo up; sleep 3; exit 4'])});
  await waitFor(() => scene.server.output(other.job).bytes.length > 0);
  const before = scene.server.handshakes;
  clock.sleptMs = 3_600_000;
  expect(await scene.result(job)).toMatchObject(outOfTouch);
  const woke = await waitFor(() => scene.server.of('worker.sleeping').at(-1));
  expect(woke.state).toBe('woke');
  expect(woke.sleptMs).toBeGreaterThan(3_599_000);
  expect(scene.server.handshakes).toBeGreaterThan(before);
  expect((await scene.result(other.job)).exit).toEqual({code: 4});
});

test('a server that hears of the worker again before the worker saw that it slept changes nothing in that', async () => {
  await using scene = await Scene.open();
  const clock = sleepingClock();
  await scene.registered({}, {clock});
  const {job} = await running(scene);
  clock.sleptMs = 3_600_000;
  // As if the first thing after waking had been a ping, answered at once.
  scene.server.socket?.pong(String(clock.bootMs()));
  expect(await scene.result(job)).toMatchObject(outOfTouch);
});
