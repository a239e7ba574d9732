import {timeProgram} from '../child.ts';
import type {Figure, Row} from '../figure.ts';
import {pause, type Lab} from '../lab.ts';
import {growth, interleave, median} from '../measure.ts';
import {
  firstFrame,
  openDashboard,
  reopened,
  startSimulatedServer,
  type Counts,
  type OpenDashboard,
  type SimulatedServer,
  type Size,
} from '../product/dashboard.ts';

const narrow: Size = {columns: 120, rows: 40};
const wide: Size = {columns: 200, rows: 60};
const nameOf = ({columns, rows}: Size): string => `${columns}×${rows}`;

const perSecond = 1_000;
const whole = {workers: 1_000, devboxes: 10_000, jobs: 300};
const smaller = [
  {workers: 100, devboxes: 1_000, jobs: 30},
  {workers: 316, devboxes: 3_160, jobs: 95},
];
/** Ten minutes of events; told as fast as the dashboard takes them in. */
const soakEvents = 600 * perSecond;
const soakRate = 6 * perSecond;

/** The dashboard beside a simulated server with 1,000 workers, 10,000 DevBoxes and 1,000 events a second. */
export const dashboard: Figure = {
  id: 'P12',
  title: 'the dashboard: bytes, commits, keys, memory',
  async measure(lab) {
    const server = await startSimulatedServer(lab, whole);
    return [
      ...(await start(lab, server)),
      ...(await quiet(lab, server, narrow)),
      ...(await quiet(lab, server, wide)),
      ...(await storm(lab, server, narrow)),
      ...(await storm(lab, server, wide)),
      await slope(lab),
      await soak(lab),
    ];
  },
};

interface Judged {
  readonly most?: number | undefined;
  readonly note?: string;
}

const row = (what: string, product: number, unit: Row['unit'], {most, note}: Judged = {}): Row => ({
  figure: 'P12',
  case: what,
  unit,
  product,
  ...(most === undefined ? {} : {budget: {of: 'product', most}}),
  ...(note === undefined ? {} : {note}),
});

async function start(lab: Lab, server: SimulatedServer): Promise<readonly Row[]> {
  const node = () => timeProgram({argv: [process.execPath, '-e', '0']});
  const times = await interleave({product: () => firstFrame(lab, server, narrow), baseline: node}, {runs: lab.runs, warmUp: 1});
  const few = await startSimulatedServer(lab, {workers: 3, devboxes: 30, jobs: 30});
  const back: number[] = [];
  for (let i = 0; i < lab.runs; i++) back.push(await reopened(lab, few, narrow));
  return [
    {figure: 'P12', case: 'first frame', unit: 'ms', ...times, budget: {of: 'product', most: 800}},
    row('chosen row, filter and pane are back, 30 DevBoxes, after the first frame', Math.max(...back), 'ms', {most: 300}),
  ];
}

/** It was opened, everything is loaded, and nothing is on its way any more. */
async function settled(lab: Lab, server: SimulatedServer, size: Size): Promise<OpenDashboard> {
  const open = await openDashboard(lab, server, size);
  open.type('2');
  await open.shows('DevBoxes 10000');
  await open.shows('box-0003');
  await atRest(open);
  return open;
}

async function atRest(open: OpenDashboard): Promise<void> {
  for (let bytes = -1; ;) {
    const now = (await open.counts()).bytes;
    if (now === bytes) return;
    bytes = now;
    await pause(1_000);
  }
}

const less = (after: Counts, before: Counts): Counts => ({
  commits: after.commits - before.commits,
  frames: after.frames - before.frames,
  writes: after.writes - before.writes,
  bytes: after.bytes - before.bytes,
  heapBytes: after.heapBytes - before.heapBytes,
  cpuMs: after.cpuMs - before.cpuMs,
});

/** What `work` cost; it is over when nothing more is written. */
async function costOf(open: OpenDashboard, work: () => unknown): Promise<Counts> {
  const before = await open.counts();
  await work();
  await pause(400);
  return less(await open.counts(), before);
}

const idleMs = 10_000;
const windows = 3;

async function quiet(lab: Lab, server: SimulatedServer, size: Size): Promise<readonly Row[]> {
  lab.say(`${nameOf(size)}: nothing happens, then little`);
  const open = await settled(lab, server, size);
  const switches: number[] = [];
  for (const key of ['3', '5', '1', '2', '6', '1']) switches.push((await costOf(open, () => open.type(key))).bytes);
  await atRest(open);
  const idle: Counts[] = [];
  for (let i = 0; i < windows; i++) idle.push(await costOf(open, () => pause(idleMs)));
  open.type('5');
  await open.shows('worker-0000');
  const cells: number[] = [];
  for (const cpu of [11, 21, 31, 41, 51]) cells.push((await costOf(open, () => server.gauge(0, cpu))).bytes);
  open.close();
  const name = nameOf(size);
  return [
    row(`idle, written in 10 s, ${name}`, Math.max(...idle.map(({bytes}) => bytes)), 'bytes', {most: 0}),
    row(`idle, CPU, ${name}`, (median(idle.map(({cpuMs}) => cpuMs)) / idleMs) * 100, '% of a core', {most: 0.5}),
    row(`one cell changed, ${name}`, median(cells.slice(1)), 'bytes', {most: 200}),
    row(`page switch, the most, ${name}`, Math.max(...switches) / 1_000, 'kB', {most: size === wide ? 25 : undefined}),
  ];
}

const stormSeconds = 10;

async function storm(lab: Lab, server: SimulatedServer, size: Size): Promise<readonly Row[]> {
  lab.say(`${nameOf(size)}: ${perSecond} events a second`);
  const open = await settled(lab, server, size);
  const rows: Row[] = [];
  for (const [page, key] of [
    ['Home', '1'],
    ['DevBoxes', '2'],
  ] as const) {
    open.type(key);
    await server.rate(perSecond);
    await pause(3_000);
    const before = await open.counts();
    await pause(stormSeconds * 1_000);
    const cost = less(await open.counts(), before);
    const times = size === narrow ? await keyTimes(open) : [];
    await server.rate(0);
    await atRest(open);
    const name = `${page}, ${nameOf(size)}`;
    const frames = Math.max(1, cost.frames);
    rows.push(
      row(`commits, ${name}`, cost.commits / stormSeconds, 'commits/s', {most: 15}),
      row(`writes of a frame, ${name}`, cost.writes / frames, 'writes', {most: 1}),
      row(`written, of a frame, ${name}`, cost.bytes / frames, 'bytes', {note: `${(cost.frames / stormSeconds).toFixed(1)} frames/s`}),
      row(`CPU, ${name}`, cost.cpuMs / stormSeconds / 10, '% of a core'),
    );
    if (times.length > 0)
      rows.push(row(`key to screen, p95, ${name}`, at(times, 0.95), 'ms', {most: 50, note: `p50 ${at(times, 0.5).toFixed(0)} ms`}));
  }
  open.close();
  return rows;
}

const at = (times: readonly number[], share: number): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]!;
const presses = 100;

/** Milliseconds from a key, written to the terminal, until another row is the chosen one. */
async function keyTimes(open: OpenDashboard): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < presses; i++) {
    await pause(60 + ((i * 37) % 90));
    times.push(await oneKey(open, 'j'));
  }
  return times;
}

async function oneKey(open: OpenDashboard, key: string): Promise<number> {
  const before = open.selected();
  const moved = Promise.withResolvers<number>();
  const from = performance.now();
  const off = open.onShown(() => open.selected() !== before && open.selected() !== '' && moved.resolve(performance.now() - from));
  // A key that does nothing counts as slow, not as never.
  const late = setTimeout(() => moved.resolve(2_000), 2_000);
  open.type(key);
  try {
    return await moved.promise;
  } finally {
    clearTimeout(late);
    off();
  }
}

/** How its CPU grows with what it looks at, at the same number of events. */
async function slope(lab: Lab): Promise<Row> {
  const points: {x: number; y: number}[] = [];
  for (const size of [...smaller, whole]) {
    lab.say(`${size.devboxes} DevBoxes under ${perSecond} events a second`);
    const server = await startSimulatedServer(lab, size);
    const open = await openDashboard(lab, server, narrow);
    open.type('2');
    await open.shows(`DevBoxes ${size.devboxes}`);
    await server.rate(perSecond);
    await pause(3_000);
    const before = await open.counts();
    await pause(stormSeconds * 1_000);
    points.push({x: size.devboxes, y: less(await open.counts(), before).cpuMs / stormSeconds / 10});
    open.close();
    await server.rate(0);
  }
  const note = `${points.map(({y}) => `${y.toFixed(0)} %`).join(', ')} of a core; grows as n^${growth(points).toFixed(2)}`;
  return row('CPU, 1,000 · 3,160 · 10,000 DevBoxes', points.at(-1)!.y, '% of a core', {note});
}

/** Heap after as many events as ten minutes have. What is kept of them is full before it is looked at first. */
async function soak(lab: Lab): Promise<Row> {
  const server = await startSimulatedServer(lab, whole);
  const open = await settled(lab, server, narrow);
  const take = async (events: number) => {
    const until = (await server.told()) + events;
    await server.rate(soakRate);
    while ((await server.told()) < until) await pause(200);
    await server.rate(0);
    await atRest(open);
  };
  lab.say(`${soakEvents} events, ${soakRate} a second`);
  await take(soakEvents / 10);
  const before = await open.counts('collected');
  const from = performance.now();
  await take(soakEvents);
  const rate = soakEvents / ((performance.now() - from) / 1_000);
  const grown = less(await open.counts('collected'), before).heapBytes / 1e6;
  open.close();
  return row('heap, grown over 600,000 events', grown, 'MB', {most: 20, note: `ten minutes of them, told at ${Math.round(rate)}/s`});
}
