import {expect, test, vi} from 'vitest';
import {createFigures, figuresInSight} from '../../src/dashboard/figures.ts';
import {factsLine} from '../../src/dashboard/pages/facts-line.ts';
import {rowLine} from '../../src/dashboard/pages/columns.ts';
import {tables} from '../../src/dashboard/pages/tables.ts';
import type {Event} from '../../src/dashboard/state.ts';
import {devbox, empty, full, happen, now, told, type, whole} from './state-for-tests.ts';

const many = (columns = 120, rows = 40) =>
  happen(
    empty(columns, rows),
    {type: 'link', status: 'online'},
    told(
      whole('jobs', []),
      whole(
        'devboxes',
        Array.from({length: 1_000}, (_, i) => devbox(`b${String(i).padStart(4, '0')}`, i % 2 === 0 ? 'running' : 'stopped')),
      ),
    ),
  ).state;
const gib = 1024 ** 3;

test('on the DevBoxes page those in sight that run are asked for, and others when it scrolls', () => {
  const page = type(many(), '2').state;
  const first = figuresInSight(page);
  expect(first.length).toBeGreaterThan(10);
  expect(first.length).toBeLessThanOrEqual(20);
  expect(first[0]).toBe('d-b0000');
  expect(figuresInSight(type(page, 'G').state)).toContain('d-b0998');
});

test('on Home it is the DevBox under the cursor or of its session, where its facts show', () => {
  const home = happen(full(), {type: 'key', key: 'g'}).state;
  expect(figuresInSight(home)).toEqual(['d-web']);
  expect(figuresInSight(happen(home, {type: 'resized', columns: 80, rows: 24}).state)).toEqual([]);
});

test('nothing is asked for behind a window, without a connection, or where no DevBox is in sight', () => {
  const page = type(many(), '2').state;
  expect(figuresInSight(type(page, '?').state)).toEqual([]);
  expect(figuresInSight(happen(page, {type: 'link', status: 'offline', why: 'gone'}).state)).toEqual([]);
  expect(figuresInSight(type(page, '5').state)).toEqual([]);
});

test('figures are in the table, in the line of facts, and beside what is reserved', () => {
  const event: Event = {type: 'figures', figures: {'d-web': {cpuPercent: 12.3, memoryBytes: gib / 2}}};
  const state = happen(full(), event, {type: 'key', key: 'g'}).state;
  const web = {...devbox('web'), memoryBytes: 2 * gib};
  const lines = (figures: typeof state.figures) => rowLine(tables.devboxes.columns, web, {width: 160, now, figures});
  expect(lines(state.figures)).toMatch(/ 12 % {2} +512 MiB\/2\.0 GiB/);
  expect(lines({})).toMatch(/ 2\.0 GiB/);
  expect(factsLine(state)).toContain('CPU 12 % · memory 512 MiB');
});

/** A poller of boxes that all use as much as `use` says; a period is 30 ms. */
function poller(use: (id: string) => number | undefined) {
  const seen: Event[] = [];
  const asked: string[] = [];
  const most = {now: 0, ever: 0};
  const figures = createFigures({
    everyMs: 30,
    dispatch: event => seen.push(event),
    async read(id) {
      asked.push(id);
      most.ever = Math.max(most.ever, ++most.now);
      await new Promise(resolve => setImmediate(resolve));
      most.now -= 1;
      const cpuPercent = use(id);
      if (cpuPercent === undefined) throw new Error('stopped');
      return {cpuPercent, memoryBytes: 1};
    },
  });
  return {figures, seen, asked, most, [Symbol.dispose]: () => figures.close()};
}

test('what is in sight is asked for again and again, twenty at a time, and told when it looks different', async () => {
  let cpu = 1;
  using one = poller(() => cpu);
  const ids = Array.from({length: 50}, (_, i) => `d-${i}`);
  one.figures.want(ids);
  await vi.waitFor(() => expect(one.asked.length >= 150).toBe(true), {timeout: 20_000, interval: 5});
  expect(one.most.ever).toBe(20);
  expect(one.seen).toHaveLength(1);
  cpu = 2;
  await vi.waitFor(() => expect(one.seen.length === 2).toBe(true), {timeout: 20_000, interval: 5});
  expect(Object.keys((one.seen[1] as Extract<Event, {type: 'figures'}>).figures)).toHaveLength(50);
});

test('out of sight nothing is asked, and one that cannot be told is let rest', async () => {
  using one = poller(id => (id === 'd-off' ? undefined : 1));
  const from = performance.now();
  one.figures.want(['d-on', 'd-off']);
  await vi.waitFor(() => expect(one.asked.filter(id => id === 'd-on').length >= 4).toBe(true), {timeout: 20_000, interval: 5});
  // Five periods of rest; a busy machine may have had more of them by now.
  const rests = Math.floor((performance.now() - from) / (5 * 30));
  expect(one.asked.filter(id => id === 'd-off').length).toBeLessThanOrEqual(1 + rests);
  expect(one.seen).toMatchObject([{figures: {'d-on': {cpuPercent: 1}}}]);
  one.figures.want([]);
  const {length} = one.asked;
  using other = poller(() => 1);
  other.figures.want(['d-x']);
  await vi.waitFor(() => expect(other.asked.length >= 4).toBe(true), {timeout: 20_000, interval: 5});
  expect(one.asked.length - length).toBeLessThanOrEqual(2);
});

test('figures of another kind are none', async () => {
  const seen: Event[] = [];
  const answers: Readonly<Record<string, unknown>> = {'d-on': {cpuPercent: 3, memoryBytes: 4, pids: 1}, 'd-odd': {cpuPercent: 'much'}};
  const figures = createFigures({
    everyMs: 30,
    dispatch: event => seen.push(event),
    read: async id => Promise.resolve(answers[id] as never),
  });
  figures.want(['d-odd', 'd-none', 'd-on']);
  await vi.waitFor(() => expect(seen).toEqual([{type: 'figures', figures: {'d-on': {cpuPercent: 3, memoryBytes: 4}}}]), {timeout: 20_000});
  figures.close();
});
