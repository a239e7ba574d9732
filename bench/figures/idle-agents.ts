import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {startRedis} from '../baselines/redis.ts';
import {startChild, usage} from '../child.ts';
import type {Figure, Row} from '../figure.ts';
import {pause, type Lab} from '../lab.ts';
import {median, slope} from '../measure.ts';
import {enlist} from '../product/enlist.ts';
import {startServer} from '../product/scripted.ts';

const program = (name: string) => fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
const sizes = [1_000, 2_500, 5_000] as const;
const settleMs = 15_000;
const windowMs = 30_000;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly cpu: number;
}

export const idleAgents: Figure = {
  id: 'P8',
  title: 'idle agents on one server',
  async measure(lab) {
    const redis = await startRedis(lab);
    const server = await startServer(lab, redis);
    const bare = await startChild(lab, {argv: [process.execPath, program('bare-socket-server')]}, /listening \d+/);
    const bareUrl = `http://127.0.0.1:${/listening (\d+)/.exec(bare.output())![1]}`;
    const ours: Point[] = [];
    const theirs: Point[] = [];
    let connected = 0;
    for (const size of sizes) {
      const more = size - connected;
      lab.say(`${size} agents`);
      const agents = await enlist(server.client, more, `sim-${size}`);
      await simulate(lab, `ours-${size}`, {url: server.client.url, agents});
      await simulate(lab, `bare-${size}`, {url: bareUrl, agents, bare: true});
      connected = size;
      const [our, their] = await atRest([server.pid, bare.pid]);
      ours.push({x: size, ...our!});
      theirs.push({x: size, ...their!});
    }
    return rowsOf(ours, theirs);
  },
};

async function simulate(lab: Lab, name: string, plan: object): Promise<void> {
  const file = join(lab.dir, `${name}.json`);
  writeFileSync(file, JSON.stringify(plan), {mode: 0o600});
  await startChild(lab, {argv: [process.execPath, program('simulated-agents'), file]}, /connected \d+/, 300_000);
}

/** Memory in kB (median) and CPU in per cent of a core of each process, over three heartbeats. */
async function atRest(pids: readonly number[]): Promise<{y: number; cpu: number}[]> {
  await pause(settleMs);
  const before = pids.map(pid => usage(pid).cpuMs);
  const seen = pids.map((): number[] => []);
  for (let i = 0; i < 15; i++) {
    await pause(windowMs / 15);
    pids.forEach((pid, which) => seen[which]!.push(usage(pid).rssBytes / 1_000));
  }
  return pids.map((pid, which) => ({y: median(seen[which]!), cpu: ((usage(pid).cpuMs - before[which]!) / windowMs) * 100}));
}

function rowsOf(ours: readonly Point[], theirs: readonly Point[]): Row[] {
  const totals = ours.map((point, i): Row => ({
    figure: 'P8',
    case: `memory, ${point.x} agents`,
    unit: 'MB',
    product: point.y / 1e3,
    baseline: theirs[i]!.y / 1e3,
  }));
  const cpu = ours.map((point, i): Row => ({
    figure: 'P8',
    case: `CPU, ${point.x} agents`,
    unit: '% of a core',
    product: point.cpu,
    baseline: theirs[i]!.cpu,
    ...(i === ours.length - 1 ? {budget: {of: 'product', most: 10}} : {}),
  }));
  const perAgent: Row = {
    figure: 'P8',
    case: 'memory per agent',
    unit: 'kB',
    product: slope(ours),
    baseline: slope(theirs),
    budget: {of: 'ratio', most: 5},
    note: 'slope over the three sizes',
  };
  return [...totals, perAgent, ...cpu];
}
