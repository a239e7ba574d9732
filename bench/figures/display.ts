import {DisplayPainter, type Drawing} from '../../packages/tui/src/screen/display-painter.ts';
import {iterm} from '../../packages/tui/src/screen/graphics/iterm.ts';
import {kitty} from '../../packages/tui/src/screen/graphics/kitty.ts';
import {sixel} from '../../packages/tui/src/screen/graphics/sixel.ts';
import type {Figure, Row} from '../figure.ts';
import {pause, type Lab} from '../lab.ts';
import {median} from '../measure.ts';
import {movingWindow, noise, still, type Scene} from '../product/desktop-scenes.ts';
import {startDesktop} from '../product/desktop-view.ts';

const cell = {width: 8, height: 16};
const asKitty = () => kitty({hasPlaceholders: true, wrap: sequence => sequence, series: 1});
const tiers: readonly (readonly [string, () => Drawing])[] = [
  ['half', () => ({marks: 'halves', cell})],
  ['quadrant', () => ({marks: 'quadrants', cell})],
  ['kitty', () => ({marks: 'halves', graphics: asKitty(), cell})],
  ['iterm', () => ({marks: 'halves', graphics: iterm(), cell})],
  ['sixel', () => ({marks: 'halves', graphics: sixel(), cell})],
];
const sizes = [
  {columns: 100, rows: 30},
  {columns: 200, rows: 60},
] as const;

/** A desktop of 1280×800 in a terminal: what a picture costs by each way of showing it, and how soon a key is seen. */
export const display: Figure = {
  id: 'P15',
  title: 'a desktop in a terminal: bytes, CPU, keys',
  async measure(lab) {
    const rows: Row[] = [];
    for (const size of sizes) for (const [tier, drawing] of tiers) rows.push(...(await costs(lab, tier, drawing, size)));
    return [...rows, ...(await keys(lab))];
  },
};

/** What prototypes of these ways took on two cores, at 200×56. */
const prototypes: Readonly<Record<string, string>> = {
  'half, a moving window, 200×60': '; a prototype 11 ms and 163 kB for a whole desktop',
  'half, noise, 200×60': '; a prototype 9 ms and 420 kB',
  'kitty, a moving window, 200×60': '; a prototype 5 ms and 42 kB for a whole desktop',
  'kitty, noise, 200×60': '; a prototype 22 ms and 800 kB of a noise that packs better',
};

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const row = (what: string, product: number, unit: Row['unit'], more: Partial<Row> = {}): Row => ({
  figure: 'P15',
  case: what,
  unit,
  product,
  ...more,
});

async function costs(lab: Lab, tier: string, drawing: () => Drawing, size: Size): Promise<readonly Row[]> {
  const name = `${size.columns}×${size.rows}`;
  lab.say(`${tier}, ${name}`);
  const rest = await paint(lab.runs, still(), drawing(), size);
  const rows = [
    row(`${tier}, still, ${name}`, rest.bytes, 'bytes', {
      budget: {of: 'product', most: 0},
      note: `CPU ${rest.cpuMs.toFixed(2)} ms of a picture`,
    }),
  ];
  for (const scene of [movingWindow(), noise()]) {
    const {bytes, cpuMs} = await paint(lab.runs, scene, drawing(), size);
    const what = `${tier}, ${scene.name}, ${name}`;
    rows.push(row(what, cpuMs, 'ms', {note: `CPU of a picture; ${Math.round(bytes / 1_000)} kB${prototypes[what] ?? ''}`}));
  }
  return rows;
}

const pictures = 6;

/** Medians over the pictures, after the first. The terminal takes everything at once. */
async function paint(runs: number, scene: Scene, drawing: Drawing, size: Size): Promise<{readonly bytes: number; readonly cpuMs: number}> {
  let written = 0;
  let painted: () => void = () => undefined;
  const stdout = {
    ...size,
    write(bytes: Buffer, done?: () => void) {
      written += bytes.length;
      setImmediate(() => done?.());
    },
  };
  const painter = new DisplayPainter({stdout, fps: 1_000, colours: 'truecolor', painted: () => painted()});
  painter.draw(drawing);
  painter.show(scene.screen);
  const next = (changed: Parameters<typeof painter.changed>[0]) =>
    new Promise<void>(resolve => {
      painted = resolve;
      painter.changed(changed);
    });
  await next(scene.next());
  const seen: {bytes: number; cpuMs: number}[] = [];
  for (let at = 0; at < Math.max(pictures, runs); at += 1) {
    const changed = scene.next();
    const before = {bytes: written, cpu: process.cpuUsage()};
    await next(changed);
    const {user, system} = process.cpuUsage(before.cpu);
    seen.push({bytes: written - before.bytes, cpuMs: (user + system) / 1_000});
  }
  painter.close();
  return {bytes: median(seen.map(({bytes}) => bytes)), cpuMs: median(seen.map(({cpuMs}) => cpuMs))};
}

const presses = 40;

/** From a key written to the terminal until the terminal is told of a cell that changed by it. */
async function keys(lab: Lab): Promise<readonly Row[]> {
  const open = await startDesktop(lab);
  const rows: Row[] = [];
  for (const graphics of ['half', 'kitty']) {
    lab.say(`keys, ${graphics}`);
    const view = await open(graphics);
    const times: number[] = [];
    for (let press = 0; press < presses; press += 1) {
      await view.atRest();
      await pause((press * 37) % 90);
      const from = performance.now();
      const painted = view.painted();
      view.type('x');
      await painted;
      times.push(performance.now() - from);
    }
    view.close();
    const sorted = times.toSorted((a, b) => a - b);
    const note = `from key to changed cell, through Xvnc; p50 ${median(times).toFixed(0)} ms`;
    rows.push(row(`keys, p95, ${graphics}`, sorted[Math.floor(times.length * 0.95)]!, 'ms', {budget: {of: 'product', most: 100}, note}));
  }
  return rows;
}
