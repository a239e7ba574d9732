import {existsSync, mkdirSync, readdirSync, truncateSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {scaled} from '@boxyard/core/config';
import type {DiskFigures} from '../src/disk-guard.ts';
import {Scene, runSteps, timeScale, waitFor} from './scene.ts';

const roomy: DiskFigures = {freeShare: 0.5, freeBytes: 100 * 1024 ** 3, freeInodeShare: 0.5};

test('a worker whose disk is nearly full refuses new boxes with the figures, and takes them again when there is room', async () => {
  await using scene = await Scene.open();
  let figures: DiskFigures = {freeShare: 0.021, freeBytes: 512 * 1024 ** 2, freeInodeShare: 0.5};
  await scene.registered({}, {disk: () => figures});
  await waitFor(() => scene.server.of('worker.heartbeat').at(-1)?.diskPressure === true);
  const {job} = scene.server.start({steps: runSteps(['true'])});
  const {error} = await waitFor(() => scene.server.of('job.refused', job)[0]);
  expect(error).toMatchObject({code: 'NO_SPACE', message: expect.stringContaining('512 MiB (2.1 %) are free')});
  figures = roomy;
  await waitFor(() => scene.server.of('worker.heartbeat').at(-1)?.diskPressure === false);
  const again = scene.server.start({steps: runSteps(['true'])});
  expect((await scene.result(again.job)).exit).toEqual({code: 0});
});

test('the ballast lies there while there is room, and stays while programs take the last of it', async () => {
  await using scene = await Scene.open();
  let figures = roomy;
  await scene.registered({}, {disk: () => figures});
  const ballast = join(scene.stateDir, 'ballast');
  await waitFor(() => existsSync(ballast));
  figures = {...roomy, freeBytes: 1024 ** 2};
  const seen = scene.server.of('worker.heartbeat').length;
  await waitFor(() => scene.server.of('worker.heartbeat').length > seen + 3);
  expect(existsSync(ballast)).toBe(true);
});

test('on a full disk the spools that are only kept to be safe go, oldest or not', async () => {
  await using scene = await Scene.open();
  let figures = roomy;
  const dir = join(scene.stateDir, 'spool', 'j-gone.1.x');
  mkdirSync(dir, {recursive: true, mode: 0o700});
  writeFileSync(join(dir, 'stdout.h.000000000000000'), 'kept');
  await scene.registered({}, {disk: () => figures});
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo here; sleep 300'])});
  await waitFor(() => scene.server.output(job).bytes.length > 0);
  figures = {...roomy, freeInodeShare: 0.01};
  await waitFor(() => !existsSync(dir));
  expect(readdirSync(join(scene.stateDir, 'spool')).map(name => name.split('.')[0])).toEqual([job]);
});

test('spools that are only kept to be safe are bounded by their size, and the oldest go first', async () => {
  await using scene = await Scene.open();
  const kept = (name: string, secondsAgo: number) => {
    const dir = join(scene.stateDir, 'spool', name);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    const file = join(dir, 'stdout.h.000000000000000');
    writeFileSync(file, '');
    truncateSync(file, 700 * 1024 ** 2);
    const at = Date.now() / 1000 - secondsAgo;
    utimesSync(dir, at, at);
    return dir;
  };
  const [older, newer] = [kept('j-older.1.x', 60), kept('j-newer.1.x', 1)];
  await scene.registered({}, {timing: {...scaled(timeScale), spoolKept: 3_600_000, gcEvery: 100}, disk: () => roomy});
  await waitFor(() => !existsSync(older));
  expect(existsSync(newer)).toBe(true);
});
