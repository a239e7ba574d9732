import type {JobView} from '@boxyard/core/api';
import {place, type Candidate} from '../../packages/core/src/jobs/rules-place.ts';
import type {FromServer, Needs} from '@boxyard/core/protocol';
import {commandCalls, startRedis} from '../baselines/redis.ts';
import type {Figure, Row} from '../figure.ts';
import {pause, type Lab} from '../lab.ts';
import {growth, median} from '../measure.ts';
import type {Client} from '../product/client.ts';
import {enlist} from '../product/enlist.ts';
import {scriptedJob, startServer} from '../product/scripted.ts';
import {connectAgent, type SimulatedAgent} from '../product/simulated-agent.ts';

type Start = Extract<FromServer, {type: 'job.start'}>;
type Redis = Parameters<typeof commandCalls>[0];
interface Given {
  readonly start: Start;
  readonly agent: SimulatedAgent;
  readonly at: number;
}

const crowds = [10, 100, 1_000] as const;
const queues = [100, 1_000, 10_000] as const;
const goes = 50;
const warmUps = 10;

export const placement: Figure = {
  id: 'P10',
  title: 'finding a place among many workers, and among many waiting jobs',
  measure: async lab => [...decisions(), ...(await amongWorkers(lab)), ...(await amongWaiting(lab))],
};

/** The rule alone: one decision among that many workers that all could take the job. */
function decisions(): Row[] {
  const needs: Needs = {
    engine: 'scripted',
    features: [],
    enforces: ['memory'],
    labels: {},
    memoryBytes: 512e6,
    slots: 1,
    profile: 'standard',
  };
  const points = crowds.map(crowd => {
    const workers = Array.from({length: crowd}, (_, i) => candidate(i));
    const times = Array.from({length: 300}, () => {
      const start = performance.now();
      if (!place({needs, image: 'localhost/nothing:1'}, workers).worker) throw new Error('no worker took the job');
      return performance.now() - start;
    });
    return {x: crowd, y: median(times.slice(100))};
  });
  const note = `grows with the power ${growth(points).toFixed(2)}`;
  return points.map(({x, y}, i): Row => {
    const isAsked = i === points.length - 1;
    return {
      figure: 'P10',
      case: `decision among ${x} workers`,
      unit: 'ms',
      product: y,
      ...(isAsked ? {budget: {of: 'product', most: 2}, note} : {}),
    };
  });
}

const candidate = (i: number): Candidate => ({
  id: `w-${i}`,
  name: `sim-${i}`,
  closed: undefined,
  platform: 'linux',
  labels: {},
  floor: undefined,
  engines: [{name: 'scripted', usable: true, features: ['exec'], enforces: ['memory', 'cpus'], labels: {}}],
  slots: {total: 4, used: i % 4},
  memory: {total: 64e9, used: 1e9},
  images: new Set(),
});

/** One job at a time; every worker is free. What grows with the crowd is the price of choosing. */
async function amongWorkers(lab: Lab): Promise<Row[]> {
  const redisServer = await startRedis(lab, 'redis-workers');
  const redis = redisServer.connect();
  const {client} = await startServer(lab, redisServer);
  const given = inbox();
  const points: (Cost & {x: number})[] = [];
  let connected = 0;
  for (const crowd of crowds) {
    await addAgents(lab, client, {count: crowd - connected, prefix: `crowd-${crowd}`, onStart: given.put});
    connected = crowd;
    lab.say(`${crowd} workers`);
    await pause(3_000);
    const oneJob = async () => {
      const sent = performance.now();
      await client.ask<JobView>('POST', '/v1/jobs', scriptedJob());
      const {start, agent, at} = await given.take();
      agent.end(start);
      return at - sent;
    };
    points.push({x: crowd, ...(await costOf(redis, oneJob))});
  }
  return rowsOf(points, 'workers', 'one job placed');
}

/** One worker with one slot; whenever it ends a job, the next of those that wait is sent. */
async function amongWaiting(lab: Lab): Promise<Row[]> {
  const redisServer = await startRedis(lab, 'redis-waiting');
  const redis = redisServer.connect();
  const {client} = await startServer(lab, redisServer, 'home-waiting');
  const given = inbox();
  await addAgents(lab, client, {count: 1, prefix: 'lone', slots: 1, onStart: given.put});
  let now: Given | undefined;
  const points: (Cost & {x: number})[] = [];
  let waiting = 0;
  for (const queue of queues) {
    // As many more as those that were sent meanwhile, so that the queue is of that length.
    await client.ask('POST', '/v1/jobs', {...scriptedJob(), fanOut: {copies: queue - waiting}});
    waiting = queue;
    lab.say(`${queue} waiting jobs`);
    now ??= await given.take();
    await pause(3_000);
    const oneSlot = async () => {
      const freed = performance.now();
      now!.agent.end(now!.start);
      now = await given.take();
      return now.at - freed;
    };
    points.push({x: queue, ...(await costOf(redis, oneSlot))});
    waiting -= goes + warmUps;
  }
  return rowsOf(points, 'waiting', 'one slot freed');
}

interface Cost {
  readonly ms: number;
  readonly commands: number;
  readonly redisMs: number;
}

/** Per go: the median time, and what Redis was asked and how long it worked, less what it does when nothing happens. */
async function costOf(redis: Redis, go: () => Promise<number>): Promise<Cost> {
  for (let i = 0; i < warmUps; i++) await go();
  const idle = await asked(redis, () => pause(2_000));
  const start = performance.now();
  const times: number[] = [];
  const busy = await asked(redis, async () => {
    for (let i = 0; i < goes; i++) times.push(await go());
  });
  const share = (performance.now() - start) / 2_000;
  return {
    ms: median(times),
    commands: Math.max(0, busy.commands - idle.commands * share) / goes,
    redisMs: Math.max(0, busy.redisMs - idle.redisMs * share) / goes,
  };
}

async function asked(redis: Redis, work: () => Promise<unknown>): Promise<{commands: number; redisMs: number}> {
  const total = async () => {
    const rows = [...(await commandCalls(redis)).values()];
    const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0);
    return {commands: sum(row => row.calls), redisMs: sum(row => row.microseconds) / 1_000};
  };
  const before = await total();
  await work();
  const after = await total();
  return {commands: after.commands - before.commands, redisMs: after.redisMs - before.redisMs};
}

function rowsOf(points: readonly (Cost & {x: number})[], what: string, event: string): Row[] {
  const commandGrowth = growth(points.map(({x, commands}) => ({x, y: commands})));
  return points.flatMap(({x, ms, commands, redisMs}, i): Row[] => {
    const isAsked = i === points.length - 1;
    return [
      {
        figure: 'P10',
        case: `${x} ${what}, all the way`,
        unit: 'ms',
        product: ms,
        note: `${event} → job.start at the agent, HTTP and WebSocket included`,
      },
      {figure: 'P10', case: `${x} ${what}, in Redis`, unit: 'ms', product: redisMs, ...(isAsked ? {budget: {of: 'product', most: 2}} : {})},
      {
        figure: 'P10',
        case: `${x} ${what}, commands`,
        unit: 'commands',
        product: commands,
        ...(isAsked ? {note: `grows with the power ${commandGrowth.toFixed(2)}`} : {}),
      },
    ];
  });
}

/** What simulated agents were told to start, in order. */
function inbox() {
  const arrived: Given[] = [];
  let wake: (() => void) | undefined;
  return {
    put(start: Start, agent: SimulatedAgent) {
      arrived.push({start, agent, at: performance.now()});
      wake?.();
    },
    async take(): Promise<Given> {
      const deadline = setTimeout(() => wake?.(), 30_000);
      if (arrived.length === 0) await new Promise<void>(resolve => (wake = resolve));
      clearTimeout(deadline);
      const first = arrived.shift();
      if (!first) throw new Error('no job.start within 30 s');
      return first;
    },
  };
}

interface Crowd {
  readonly count: number;
  readonly prefix: string;
  readonly slots?: number;
  onStart(start: Start, agent: SimulatedAgent): void;
}

async function addAgents(lab: Lab, client: Client, {count, prefix, slots = 2, onStart}: Crowd): Promise<void> {
  const enlisted = await enlist(client, count, prefix);
  const lanes = Array.from({length: 16}, (_, lane) => enlisted.filter((_agent, i) => i % 16 === lane));
  await Promise.all(
    lanes.map(async lane => {
      for (const {name, credential} of lane) {
        const agent = await connectAgent({url: client.url, credential, name, slots, onStart});
        lab.own(agent, a => a.close());
      }
    }),
  );
}
