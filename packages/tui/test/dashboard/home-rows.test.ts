import {expect, test} from 'vitest';
import {cursorOf, rowsOf, shownHomeRows} from '../../src/dashboard/rows.ts';
import {devbox, empty, full, happen, job, now, session, time, told, type, whole, worker} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const boxOn = (name: string, on: string) => ({...devbox(name), worker: {id: `w-${on}`, name: on}});

test('a key, a second and a heartbeat put Home together no more than a redraw does', () => {
  const state = full();
  const rows = shownHomeRows(state);
  expect(shownHomeRows({...state, now: now + 1_000})).toBe(rows);
  expect(shownHomeRows(type(state, 'j').state)).toBe(rows);
  expect(shownHomeRows(happen(state, told({list: 'workers', items: [{...worker('nas'), v: 2}]})).state)).toBe(rows);
});

test('of thousands of DevBoxes only those of a worker on which one changed are put in order again', () => {
  const boxes = Array.from({length: 1_000}, (_, i) => boxOn(`b${i}`, `on${i % 100}`));
  const state = happen(empty(), told(whole('jobs', []), whole('devboxes', boxes))).state;
  const before = new Set(shownHomeRows(state));
  const after = happen(state, told({list: 'devboxes', items: [{...boxOn('b7', 'on7'), state: 'stopped', v: 2}]})).state;
  const made = shownHomeRows(after).filter(row => !before.has(row));
  expect(made.length).toBeLessThanOrEqual(11);
  expect(made).toContainEqual(expect.objectContaining({id: 'd-b7', rank: 'stopped'}));
});

test('a DevBox hides behind its live session and comes back when that ends, on whatever worker it waited', () => {
  const state = happen(empty(), told(whole('devboxes', [boxOn('web', 'nas')]), whole('jobs', []))).state;
  const {worker: _none, ...waiting} = session('one', 'busy');
  const open = happen(state, told({list: 'jobs', items: [waiting]})).state;
  expect(rowsOf(open).ids).toEqual(['j-one']);
  const over = happen(open, told({list: 'jobs', items: [session('one', 'busy', {state: 'ended', outcome: 'succeeded', v: 2})]})).state;
  expect(rowsOf(over).ids).toEqual(['d-web']);
});

test('a failure goes from Home in the second it is an hour old', () => {
  const failed = job('one', {state: 'ended', outcome: 'failed', endedAt: time});
  const state = happen(empty(), told(whole('jobs', [failed]))).state;
  const hour = Date.parse(time) + 3_600_000;
  expect(cursorOf({...state, now: hour - 1})).toBe('j-one');
  expect(cursorOf({...state, now: hour})).toBeUndefined();
});

test('thirty DevBoxes on three workers are thirty lines, all in sight at once', async () => {
  const workers = ['laptop', 'nas', 'rack'];
  const boxes = Array.from({length: 30}, (_, i) => {
    const name = workers[i % 3]!;
    return {...devbox(`box-${i}`), worker: {id: `w-${name}`, name}, branch: `feature/${i}`};
  });
  const state = happen(empty(), told(whole('workers', workers.map(worker)), whole('devboxes', boxes), whole('jobs', []))).state;
  await using screen = openTestScreen(state);
  await screen.harness.shows('box-29');
  const lines = (await screen.text()).split('\n');
  for (const {name, branch} of boxes) expect(lines.filter(line => line.includes(`● ${name} `) && line.includes(branch))).toHaveLength(1);
});

test('a job that waits says why, also where the server told only those before it', async () => {
  const refusals = [{id: 'w-nas', name: 'nas', code: 'full', why: 'all 2 slots are taken', hint: ''}] as unknown as NonNullable<
    ReturnType<typeof job>['refusals']
  >;
  const jobs = [job('first', {state: 'queued', refusals}), job('behind', {state: 'queued', createdAt: '2026-01-01T00:00:01.000Z'})];
  const state = type(happen(empty(200), told(whole('jobs', jobs))).state, '3').state;
  await using screen = openTestScreen(state);
  await screen.harness.shows('nas: all 2 slots are taken');
  await screen.harness.shows('waits for its turn');
});
