import {Queue, Worker, type ConnectionOptions} from 'bullmq';
import type {RedisRim} from './redis.ts';

/** A queue entry is a nudge: it names a thing and nothing else (R1). */
export interface QueueEntry {
  readonly thing: string;
}

export interface NudgeQueue {
  /** Entries of the same thing are one while they wait; one more follows the one that is being processed. */
  add(things: readonly string[]): Promise<void>;
  /** Whether entries wait, for the watchdog. */
  waiting(): Promise<number>;
  close(): Promise<void>;
}

export function openQueue(rim: RedisRim, name: string): NudgeQueue {
  const queue = new Queue<QueueEntry>(name, {
    connection: connection(rim, {enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1_800}),
    prefix: rim.keys.queues,
    skipVersionCheck: true,
    streams: {events: {maxLen: 1_000}},
    defaultJobOptions: {removeOnComplete: true, removeOnFail: true},
  });
  queue.on('error', () => undefined);
  return {
    add: async things => {
      const opts = (thing: string) => ({deduplication: {id: thing, keepLastIfActive: true}});
      if (things.length === 1) await queue.add(things[0]!, {thing: things[0]!}, opts(things[0]!));
      else if (things.length > 1) await queue.addBulk(things.map(thing => ({name: thing, data: {thing}, opts: opts(thing)})));
    },
    waiting: () => queue.getWaitingCount(),
    close: () => bounded(queue.close()),
  };
}

export interface Schedule {
  readonly name: string;
  readonly everyMs: number;
}

/** Keeps BullMQ job schedulers; an entry names its schedule as the thing. Idempotent for all servers. */
export async function openSchedules(rim: RedisRim, name: string, schedules: readonly Schedule[]): Promise<{close(): Promise<void>}> {
  const queue = new Queue<QueueEntry>(name, {
    connection: connection(rim, {maxRetriesPerRequest: 2}),
    prefix: rim.keys.queues,
    skipVersionCheck: true,
  });
  queue.on('error', () => undefined);
  for (const schedule of schedules)
    await queue.upsertJobScheduler(
      schedule.name,
      {every: schedule.everyMs},
      {name: schedule.name, data: {thing: schedule.name}, opts: {removeOnComplete: true, removeOnFail: true}},
    );
  return {close: () => bounded(queue.close())};
}

export interface ConsumerOptions {
  readonly concurrency: number;
  /** Must be safe to run twice at once, and end soon: after the deadline its entry is done and the sweep looks again. */
  readonly process: (thing: string) => Promise<void>;
  readonly onFailure: (thing: string, error: unknown) => void;
  readonly deadlineMs?: number;
}

/** lockDuration 10 s, stalledInterval 5 s: a killed server's entries are taken up within 10 s (R19). */
export function openConsumer(rim: RedisRim, name: string, options: ConsumerOptions) {
  const deadlineMs = options.deadlineMs ?? 5_000;
  let lastActivity = performance.now();
  const worker = new Worker<QueueEntry>(
    name,
    async entry => {
      lastActivity = performance.now();
      const {thing} = entry.data;
      await within(deadlineMs, options.process(thing)).catch(error => options.onFailure(thing, error));
      lastActivity = performance.now();
    },
    {
      connection: connection(rim, {maxRetriesPerRequest: null}),
      prefix: rim.keys.queues,
      skipVersionCheck: true,
      concurrency: options.concurrency,
      lockDuration: 10_000,
      stalledInterval: 5_000,
      maxStalledCount: 1_000_000,
      removeOnComplete: {count: 0},
      removeOnFail: {count: 0},
    },
  );
  worker.on('error', () => undefined);
  return {
    idleMs: () => performance.now() - lastActivity,
    close: () => bounded(worker.close()),
  };
}
export type Consumer = ReturnType<typeof openConsumer>;

const connection = (rim: RedisRim, more: Record<string, unknown>): ConnectionOptions => ({...rim.options, ...more}) as ConnectionOptions;

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** BullMQ's close has no deadline of its own. */
async function bounded(closing: Promise<unknown>): Promise<void> {
  await within(
    5_000,
    closing.then(() => undefined),
  ).catch(() => undefined);
}
