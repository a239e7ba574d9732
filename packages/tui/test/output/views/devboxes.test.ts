import {expect, test} from 'vitest';
import type {DevBoxView} from '@boxyard/core/api';
import {devboxText, statsList} from '../../../src/output/views/devboxes.ts';
import {renderTable} from '../../../src/output/table.ts';

const box = {
  name: 'web',
  id: 'd-1',
  state: 'running',
  memoryBytes: 2 * 1024 ** 3,
  capabilities: [],
  waiting: [],
  profile: 'open',
  actor: 'lena',
  createdAt: '2026-11-22T12:00:00Z',
} as unknown as DevBoxView;
const stats = {cpuPercent: 12.34, memoryBytes: 40 * 1024 ** 2, memoryLimitBytes: 2 * 1024 ** 3, pids: 3, at: '2026-11-22T12:00:00Z'};

test('one DevBox is shown with what it may use and, where that is known, what it uses', () => {
  expect(devboxText({...box, stats}, 0)).toMatch(/Memory: +2\.0 GiB, 40 MiB in use\nCPU: +12 %\nProcesses: +3\n/);
  expect(devboxText(box, 0)).toMatch(/Memory: +2\.0 GiB\n/);
  expect(devboxText(box, 0)).not.toMatch(/CPU|Processes/);
});

test('figures are a table, with the reason where there are none', () => {
  const rows = [
    {name: 'web', stats},
    {name: 'idle', stats: {cpuPercent: 0.04, memoryBytes: 500, at: stats.at}},
    {name: 'off', error: {code: 'CONFLICT', message: 'DevBox off is stopped.'}},
  ];
  expect(renderTable(rows, statsList.columns, {headers: true, now: 0}).split('\n')).toEqual([
    'NAME    CPU  MEMORY    LIMIT  PIDS  NOTE',
    'web    12 %  40 MiB  2.0 GiB     3  -',
    'idle  0.0 %   500 B        -     -  -',
    'off       -       -        -     -  DevBox off is stopped.',
    '',
  ]);
});
