import {readFileSync} from 'node:fs';
import type {JobView} from '@boxyard/core/api';
import {rawEngine} from '../baselines/engine-socket.ts';
import type {Figure, Row} from '../figure.ts';
import {pause, waitFor, type Lab} from '../lab.ts';
import {median} from '../measure.ts';
import {startUp, unusableEngine, type Boxyard} from '../product/boxyard.ts';
import {openDashboard, type OpenDashboard} from '../product/dashboard.ts';
import {createDevBox} from '../product/devbox.ts';

const image = 'localhost/vnc:test';
const desktops = 10;
const size = {columns: 200, rows: 60};
const seconds = 10;
const windows = 3;

/** Ten real X servers in containers, each with a window that moves ten times a second, as small pictures in one dashboard. */
export const displayThumbnails: Figure = {
  id: 'P16',
  title: 'ten desktops as small pictures in the dashboard',
  async measure(lab) {
    const engine = await rawEngine(lab, 'docker');
    if ('missing' in engine) return [skipped(engine.missing)];
    const boxyard = await startUp(lab);
    const missing = await unusableEngine(boxyard.client, 'docker');
    if (missing !== undefined) return [skipped(missing)];
    const boxes = await openDesktops(lab, boxyard);
    lab.say('small pictures of desktops that rest');
    const open = await openDashboard(lab, {url: boxyard.url, token: boxyard.token, env: {COLORTERM: 'truecolor'}}, size);
    open.type('V');
    await waitFor('half blocks', () => open.lines().some(line => line.includes('▀')) || undefined);
    await pause(5_000);
    const still = await over(open);
    lab.say('a window moves in each');
    for (const box of boxes) await moveWindow(boxyard, box);
    await pause(5_000);
    const moving = await over(open);
    open.type('5');
    await pause(3_000);
    const hidden = await over(open);
    open.close();
    return [
      row('CPU, windows move', moving.cpu, '% of a core', 15),
      row('written to the terminal a second, windows move', moving.written, 'kB'),
      row('read a second, windows move', moving.read, 'kB'),
      row('CPU, desktops rest', still.cpu, '% of a core'),
      row('written to the terminal a second, desktops rest', still.written, 'kB'),
      row('CPU, another page is shown', hidden.cpu, '% of a core'),
    ];
  },
};

const skipped = (why: string): Row => ({figure: 'P16', case: '', unit: '% of a core', skipped: why});

const row = (what: string, product: number, unit: Row['unit'], most?: number): Row => ({
  figure: 'P16',
  case: what,
  unit,
  product,
  ...(most === undefined ? {} : {budget: {of: 'product', most}}),
});

async function openDesktops(lab: Lab, {client}: Boxyard): Promise<readonly string[]> {
  lab.say(`${desktops} DevBoxes with a desktop each`);
  const memory = {memoryBytes: 192 * 1024 ** 2};
  const boxes: string[] = [];
  for (let i = 0; i < desktops; i++) boxes.push(await createDevBox(lab, client, {engine: 'docker', image, ...memory, limits: memory}));
  for (const box of boxes) await client.ask<JobView>('POST', `/v1/devboxes/${box}/display`, {});
  await waitFor('all displays to be open', async () => {
    const {items} = await client.ask<{items: JobView[]}>('GET', '/v1/jobs?kind=display&state=running');
    return items.length === desktops || undefined;
  });
  return boxes;
}

/** An xterm that moves itself across the screen and back. */
async function moveWindow({client}: Boxyard, devbox: string): Promise<void> {
  const step = String.raw`x=0; d=20; while :; do printf '\033[3;%d;%dt' $x $((x / 2)); x=$((x + d)); [ $x -gt 700 ] && d=-20; [ $x -lt 20 ] && d=20; usleep 100000; done`;
  const command = ['xterm', '-xrm', '*allowWindowOps: true', '-geometry', '60x20', '-bg', 'navy', '-e', 'sh', '-c', step];
  await client.ask<JobView>('POST', `/v1/devboxes/${devbox}/exec`, {command: ['env', 'DISPLAY=:1', ...command], background: true});
}

interface Cost {
  readonly cpu: number;
  /** kB a second. */
  readonly written: number;
  readonly read: number;
}

async function over(open: OpenDashboard): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < windows; i++) {
    const [before, readBefore, from] = [await open.counts(), readBytes(open.pid), performance.now()];
    await pause(seconds * 1_000);
    const [after, read] = [await open.counts(), readBytes(open.pid)];
    const took = (performance.now() - from) / 1_000;
    costs.push({
      cpu: (after.cpuMs - before.cpuMs) / took / 10,
      written: (after.bytes - before.bytes) / took / 1_000,
      read: (read - readBefore) / took / 1_000,
    });
  }
  const of = (key: keyof Cost) => median(costs.map(cost => cost[key]));
  return {cpu: of('cpu'), written: of('written'), read: of('read')};
}

/** All that the process has read: nearly all of it from the server. */
const readBytes = (pid: number): number => Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
