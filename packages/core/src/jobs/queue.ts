import {type Consumer, openConsumer, openQueue} from '../rim/bullmq.ts';
import type {RedisRim} from '../rim/redis.ts';

export interface JobQueueOptions {
  readonly rim: RedisRim;
  /** Looks at one thing; safe to run twice at once. */
  readonly look: (thing: string) => Promise<void>;
  readonly onFailure: (thing: string, error: unknown) => void;
  /** The queue is stuck beyond repair (R19): the process should end and be started again. */
  readonly onStuck: () => void;
}

export interface JobQueue {
  /** Rings for things; returns at once. A bell that is lost costs one sweep. */
  nudge(things: readonly string[]): void;
  close(): Promise<void>;
}

const name = 'jobs';
const concurrency = 8;
const stuckAfterMs = 30_000;
const watchEveryMs = 10_000;
const mostRebuilds = 3;

/** BullMQ carries door bells: many rings of one thing in one moment become one entry. */
export function openJobQueue(options: JobQueueOptions): JobQueue {
  const queue = openQueue(options.rim, name);
  const ringing = new Set<string>();
  let isSending = false;
  let isClosed = false;
  const flush = async () => {
    if (isSending) return;
    isSending = true;
    try {
      while (ringing.size > 0 && !isClosed) {
        const things = [...ringing];
        ringing.clear();
        await queue.add(things);
      }
    } finally {
      isSending = false;
    }
  };
  const consume = () => openConsumer(options.rim, name, {concurrency, process: options.look, onFailure: options.onFailure});
  const watchdog = watch(options, consume, queue.waiting);
  return {
    nudge: things => {
      if (things.length === 0 || isClosed) return;
      for (const thing of things) ringing.add(thing);
      // The sweep rings again for what could not be rung for.
      void flush().catch(() => undefined);
    },
    close: async () => {
      isClosed = true;
      await watchdog.close();
      await queue.close();
    },
  };
}

/** A consumer that fetches nothing for 30 s while entries wait and Redis answers is rebuilt, three times, then given up (R19). */
function watch(options: JobQueueOptions, consume: () => Consumer, waiting: () => Promise<number>): {close(): Promise<void>} {
  let consumer = consume();
  let rebuilds = 0;
  const check = async () => {
    if (consumer.idleMs() < stuckAfterMs || !options.rim.isReady() || (await waiting()) === 0) return;
    if (rebuilds++ >= mostRebuilds) return options.onStuck();
    const stuck = consumer;
    consumer = consume();
    await stuck.close();
  };
  const timer = setInterval(() => void check().catch(() => undefined), watchEveryMs);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      await consumer.close();
    },
  };
}
