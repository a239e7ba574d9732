import {setTimeout as delay} from 'node:timers/promises';
import {z} from 'zod';
import type {DevBoxStatsView} from '../api/index.ts';
import type {Timing} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Query} from '../protocol/index.ts';
import type {DevBoxService} from '../services.ts';
import type {WorkerTable} from '../workers/table.ts';
import {parseRunning} from './rules-target.ts';
import type {DevBoxRecord} from './rules.ts';

export interface StatsDeps {
  readonly getDevBox: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
  readonly table: WorkerTable;
  readonly timing: Timing;
  /** Asks one connected worker, 5 s at most; rejects with `WORKER_OFFLINE`. */
  readonly ask: (worker: string, of: Query) => Promise<unknown>;
}

/** What an engine says of a box; counted since it started. */
const Usage = z.object({
  cpuSeconds: z.number().nonnegative(),
  memoryBytes: z.number().nonnegative(),
  pids: z.number().int().nonnegative().optional(),
});

export interface Sample extends z.infer<typeof Usage> {
  /** Milliseconds of a clock that only goes on. */
  readonly at: number;
}

/** All who ask within it get the same answer. */
const sharedMs = 1_000;
/** So long after a look its counter still tells what is used now; without one, two looks so far apart are taken. */
const usefulMs = 10_000;
const betweenMs = 300;

interface Entry {
  readonly asked: number;
  readonly answer: Promise<DevBoxStatsView>;
  /** The newest look there was. */
  readonly last: () => Sample | undefined;
}

/** Live figures of DevBoxes: one question to the worker a second for each, however many look at it. */
export function createStats(deps: StatsDeps): DevBoxService['stats'] {
  const entries = new Map<string, Entry>();
  const forget = (now: number) => {
    for (const [id, {asked}] of entries) {
      // In the order they were asked.
      if (now - asked < usefulMs) return;
      entries.delete(id);
    }
  };
  return async (tenant, devbox) => {
    const record = await deps.getDevBox(tenant, devbox);
    const target = parseRunning(record);
    const now = performance.now();
    const before = entries.get(record.id);
    if (before !== undefined && now - before.asked < sharedMs) return before.answer;
    forget(now);
    let last = before?.last();
    const look = async () => (last = await sample(deps, target.worker, target.box));
    const answer = within(deps.timing.query, measure(last, look)).then(usage => ({
      ...usage,
      ...limitOf(record, deps.table),
      at: new Date().toISOString(),
    }));
    entries.delete(record.id);
    entries.set(record.id, {asked: now, answer, last: () => last});
    return answer;
  };
}

async function measure(last: Sample | undefined, look: () => Promise<Sample>) {
  const now = await look();
  const isUseful = last !== undefined && now.at - last.at < usefulMs && now.at - last.at >= betweenMs;
  if (isUseful) return usageBetween(last, now);
  await delay(betweenMs);
  return usageBetween(now, await look());
}

/** A counter that went back (a restart, a process that ended) says nothing about the time between. Pure. */
export function usageBetween(before: Sample, after: Sample): Pick<DevBoxStatsView, 'cpuPercent' | 'memoryBytes' | 'pids'> {
  const share = ((after.cpuSeconds - before.cpuSeconds) * 1_000) / Math.max(1, after.at - before.at);
  return {
    cpuPercent: Math.max(0, Math.round(share * 1_000) / 10),
    memoryBytes: after.memoryBytes,
    ...(after.pids === undefined ? {} : {pids: after.pids}),
  };
}

/** The moment is the middle of the asking: most of that time is the way there and back. */
async function sample({ask, table}: StatsDeps, worker: string, box: string): Promise<Sample> {
  const from = performance.now();
  const usage = Usage.safeParse(await ask(worker, {ask: 'container.stats', box}));
  if (!usage.success) throw new BoxyardError('UNSUPPORTED', {what: 'stats', by: table.get(worker)?.record.name ?? worker});
  return {...usage.data, at: (from + performance.now()) / 2};
}

function limitOf({worker, engine, spec}: DevBoxRecord, table: WorkerTable): Pick<DevBoxStatsView, 'memoryLimitBytes'> {
  const engines = worker === undefined ? undefined : table.get(worker.id)?.record.registration?.engines;
  const isEnforced = engines?.find(each => each.name === engine)?.enforces.includes('memory') === true;
  return isEnforced ? {memoryLimitBytes: spec.needs.memoryBytes} : {};
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const {promise, reject} = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new BoxyardError('REQUEST_TIMEOUT', {seconds: ms / 1_000})), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
