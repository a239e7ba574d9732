import {expect, test} from 'vitest';
import {figuresInSight} from '../../src/dashboard/figures.ts';
import {cursorOf, rowsOf} from '../../src/dashboard/rows.ts';
import {memoryOf, type Event} from '../../src/dashboard/state.ts';
import {devbox, empty, full, happen, job, told, type, whole} from './state-for-tests.ts';

const boxes = (count: number) =>
  happen(
    empty(160, 24),
    {type: 'link', status: 'online'},
    told(
      whole(
        'devboxes',
        Array.from({length: count}, (_, i) => devbox(`b${String(i).padStart(4, '0')}`)),
      ),
    ),
    {type: 'key', key: '2'},
  ).state;
const using = (percents: Readonly<Record<string, number>>): Event => ({
  type: 'figures',
  figures: Object.fromEntries(Object.entries(percents).map(([id, cpuPercent]) => [id, {cpuPercent, memoryBytes: 100 - cpuPercent}])),
});
const byColumn = (title: string, state = boxes(3)) => {
  let at = state;
  while (memoryOf(at).sort?.column !== title) at = type(at, 's').state;
  return at;
};

test('DevBoxes are ordered by the CPU and the memory they use now, and again when that changes; the cursor stays on its own', () => {
  const byCpu = happen(byColumn('CPU'), using({'d-b0000': 50, 'd-b0001': 2, 'd-b0002': 9})).state;
  expect(rowsOf(byCpu).ids).toEqual(['d-b0001', 'd-b0002', 'd-b0000']);
  expect(rowsOf(type(byCpu, 'S').state).ids).toEqual(['d-b0000', 'd-b0002', 'd-b0001']);
  const chosen = type(byCpu, 'G').state;
  const later = happen(chosen, using({'d-b0000': 1, 'd-b0001': 2, 'd-b0002': 9})).state;
  expect(rowsOf(later).ids).toEqual(['d-b0000', 'd-b0001', 'd-b0002']);
  expect(cursorOf(later)).toBe('d-b0000');
  const byMemory = happen(byColumn('MEMORY'), using({'d-b0000': 50, 'd-b0001': 2, 'd-b0002': 9})).state;
  expect(rowsOf(byMemory).ids).toEqual(['d-b0000', 'd-b0002', 'd-b0001']);
});

test('where they are ordered by figures, those out of sight are asked for too, and never more than a hundred of them', () => {
  expect(figuresInSight(boxes(1_000)).length).toBeLessThan(25);
  const asked = figuresInSight(byColumn('CPU', boxes(1_000)));
  expect(asked.length).toBeGreaterThanOrEqual(100);
  expect(asked.length).toBeLessThanOrEqual(125);
  expect(new Set(figuresInSight(byColumn('CPU', boxes(60)))).size).toBe(60);
});

test('s goes through the columns that are to be seen', () => {
  const narrow = happen(full(80, 24), {type: 'key', key: '2'}).state;
  const seen = new Set<string | undefined>();
  for (let at = narrow, i = 0; i < 20; i += 1) {
    at = type(at, 's').state;
    seen.add(memoryOf(at).sort?.column);
  }
  expect(seen).toContain('NAME');
  expect(seen).not.toContain('BRANCH');
  expect(seen).not.toContain('CAN');
});

test('jobs stand with the newest first until another order is chosen, and one that comes leaves the cursor where it is', () => {
  const jobs = [job('a', {createdAt: '2026-01-01T00:00:01.000Z'}), job('b', {createdAt: '2026-01-01T00:00:02.000Z'})];
  const state = type(happen(empty(), told(whole('jobs', jobs))).state, '3').state;
  expect(rowsOf(state).ids).toEqual(['j-b', 'j-a']);
  const more = happen(state, told({list: 'jobs', items: [job('c', {createdAt: '2026-01-01T00:00:03.000Z'})]})).state;
  expect(rowsOf(more).ids).toEqual(['j-c', 'j-b', 'j-a']);
  expect(cursorOf(more)).toBe('j-b');
  expect(rowsOf(type(more, 'S').state).ids).toEqual(['j-a', 'j-b', 'j-c']);
});
