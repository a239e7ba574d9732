import {spawn, spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {openBus} from '../src/dbus.ts';
import {Scene, runSteps, waitFor} from './scene.ts';

const hasBus = spawnSync('dbus-daemon', ['--version']).status === 0;
if (!hasBus) process.stderr.write('sleep signals skipped: no dbus-daemon\n');

/** A real bus, and somebody on it who has logind's name. */
async function logind() {
  const dir = mkdtempSync(join(tmpdir(), 'bus-'));
  const path = join(dir, 'bus');
  const daemon = spawn('dbus-daemon', ['--session', '--nofork', `--address=unix:path=${path}`], {stdio: 'ignore'});
  const bus = await waitFor(() =>
    openBus(
      path,
      () => undefined,
      () => undefined,
    ),
  );
  const dbus = {path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus'};
  bus.send({...dbus, member: 'RequestName', body: ['org.freedesktop.login1', 0]});
  const manager = {path: '/org/freedesktop/login1', interface: 'org.freedesktop.login1.Manager', member: 'PrepareForSleep'};
  return {
    env: {...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}`},
    path,
    says: (isGoing: boolean) => bus.send({...manager, body: [isGoing ? 1 : 0]}, 'signal'),
    [Symbol.dispose]: () => {
      bus.close();
      daemon.kill('SIGKILL');
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

test.skipIf(!hasBus)('a sleep that logind announces is announced to the server, and what may run elsewhere ends', async () => {
  await using scene = await Scene.open();
  using system = await logind();
  await scene.registered({}, {env: {...system.env, BOXYARD_TIME_SCALE: '0.05'}});
  const lasting = scene.server.start({steps: runSteps(['sh', '-c', 'echo up; sleep 3; exit 4'])});
  const movable = scene.server.start({stopAfterMs: 60_000, steps: runSteps(['sh', '-c', 'echo up; exec sleep 300'])});
  await waitFor(() => [lasting, movable].every(({job}) => scene.server.output(job).bytes.length > 0));
  const told = () => scene.server.of('worker.sleeping').map(({state}) => state);
  // The match is asked for a moment after the agent has started.
  await waitFor(() => (system.says(true), told().includes('going-to-sleep')));
  expect(await scene.result(movable.job)).toMatchObject({reason: 'out_of_touch'});
  system.says(false);
  await waitFor(() => told().includes('woke'));
  expect((await scene.result(lasting.job)).exit).toEqual({code: 4});
});

test.skipIf(!hasBus)('somebody else on the bus who says the same is not believed', async () => {
  await using scene = await Scene.open();
  using system = await logind();
  await scene.registered({}, {env: {...system.env, BOXYARD_TIME_SCALE: '0.05'}});
  await waitFor(() => (system.says(false), scene.server.of('worker.sleeping').length > 0));
  const stranger = await openBus(
    system.path,
    () => undefined,
    () => undefined,
  );
  const manager = {path: '/org/freedesktop/login1', interface: 'org.freedesktop.login1.Manager', member: 'PrepareForSleep'};
  stranger.send({...manager, body: [1]}, 'signal');
  const before = scene.server.of('worker.sleeping').length;
  await waitFor(() => (system.says(false), scene.server.of('worker.sleeping').length > before));
  expect(scene.server.of('worker.sleeping').map(({state}) => state)).not.toContain('going-to-sleep');
  stranger.close();
});
