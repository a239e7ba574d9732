import {expect, test} from 'vitest';
import type {WorkerView} from '@boxyard/core/api';
import {notAskedYet} from '@boxyard/core/protocol/not-asked-yet';
import {notIsolatedText, workerList, workerText} from '../../../src/output/views/workers.ts';

const engine = (name: string, usable: boolean, why = 'not installed') => ({
  name,
  features: [],
  enforces: [],
  labels: {},
  usable,
  ...(usable ? {} : {why}),
});
const worker = (...engines: object[]) => ({engines}) as unknown as WorkerView;

test('where nothing runs containers it is said that jobs are not isolated, and what to install', () => {
  expect(notIsolatedText(worker(engine('podman', false), engine('docker', false), engine('process', true)))).toMatch(
    /on this machine itself, not isolated.*apt-get install podman/,
  );
});

test('nothing is said where an engine works, or has not answered yet, or where there is none at all', () => {
  expect(notIsolatedText(worker(engine('podman', true), engine('process', true)))).toBeUndefined();
  expect(notIsolatedText(worker(engine('docker', false, notAskedYet), engine('process', true)))).toBeUndefined();
  expect(notIsolatedText(worker())).toBeUndefined();
});

test('a clock that is far off is said, one that is nearly right is not', () => {
  const seen = (clockSkewMs: number) =>
    workerText(
      {
        ...worker(engine('podman', true)),
        name: 'nas',
        status: 'ready',
        clockSkewMs,
        labels: {},
        orphans: [],
        slots: {total: 1, free: 1},
        memory: {total: 1, free: 1},
      } as unknown as WorkerView,
      0,
    );
  expect(seen(9 * 60_000)).toMatch(/Clock: +540 s ahead; set its clock/);
  expect(seen(-9 * 60_000)).toMatch(/Clock: +540 s behind/);
  expect(seen(900)).not.toContain('Clock');
});

test('in the wide list, too', () => {
  const column = workerList.columns.find(({title}) => title === 'CLOCK');
  const cell = (clockSkewMs?: number) => column?.cell({...worker(), clockSkewMs} as WorkerView, 0);
  expect([column?.wide, cell(-9 * 60_000), cell(900), cell()]).toEqual([true, '540 s behind', '', '']);
});
