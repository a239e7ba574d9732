import {setTimeout as delay} from 'node:timers/promises';
import {type Consumer, type NudgeQueue, openConsumer, openQueue} from '../rim/bullmq.ts';
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

/** Until one is open: what it would have been told is due all the same. */
export const silentQueue: JobQueue = {nudge: () => undefined, close: async () => undefined};

const name = 'jobs';
const concurrency = 16;
const stuckAfterMs = 30_000;
const watchEveryMs = 10_000;
const mostRebuilds = 3;
/** How long an entry goes on looking while rings for its thing keep coming, and how long it waits for one more. */
const longestLookMs = 2_000;
const lingerMs = 5;
const longestCloseMs = 3_000;

/**
 * Whoever rings looks at once, here: that takes no way through Redis. BullMQ carries the bells that are more than this process
 * answers at one time and those whose look failed; many rings of one thing in one moment become one entry.
 */
export function openJobQueue(options: JobQueueOptions): JobQueue {
  let isClosed = false;
  const queue = openQueue(options.rim, name);
  const ring = createRing(queue, () => isClosed);
  const looks = createLooks(options.look, ring);
  const here = new Set<Promise<void>>();
  const lookHere = (thing: string) => {
    const looking = looks
      .run(thing)
      .catch((error: unknown) => {
        options.onFailure(thing, error);
        if (!isClosed) ring(thing);
      })
      .finally(() => here.delete(looking));
    here.add(looking);
  };
  const consume = () => openConsumer(options.rim, name, {concurrency, process: looks.run, onFailure: options.onFailure});
  const watchdog = watch(options, consume, queue.waiting);
  return {
    nudge: things => {
      if (isClosed) return;
      for (const thing of things) {
        if (looks.ring(thing)) continue;
        if (here.size < concurrency) lookHere(thing);
        else ring(thing);
      }
    },
    close: async () => {
      isClosed = true;
      await Promise.race([Promise.allSettled(here), delay(longestCloseMs, undefined, {ref: false})]);
      await watchdog.close();
      await queue.close();
    },
  };
}

/** Adds entries one bulk after the other; what comes meanwhile goes with the next. The sweep rings again for what could not be rung for. */
function createRing(queue: NudgeQueue, isClosed: () => boolean): (thing: string) => void {
  const ringing = new Set<string>();
  let isSending = false;
  const flush = async () => {
    if (isSending) return;
    isSending = true;
    try {
      while (ringing.size > 0 && !isClosed()) {
        const things = [...ringing];
        ringing.clear();
        await queue.add(things);
      }
    } finally {
      isSending = false;
    }
  };
  return thing => {
    ringing.add(thing);
    void flush().catch(() => undefined);
  };
}

interface Look {
  readonly end: number;
  hasRung: boolean;
  wake: (() => void) | undefined;
}

/** A ring for a thing that this process looks at already is answered by that look, without another entry. */
function createLooks(look: (thing: string) => Promise<void>, requeue: (thing: string) => void) {
  const active = new Map<string, Look>();
  const run = async (thing: string): Promise<void> => {
    if (active.has(thing)) return look(thing);
    const own: Look = {end: performance.now() + longestLookMs, hasRung: true, wake: undefined};
    active.set(thing, own);
    try {
      while (own.hasRung && performance.now() < own.end) {
        own.hasRung = false;
        await look(thing);
        if (!own.hasRung) await rung(own);
      }
    } finally {
      active.delete(thing);
    }
    if (own.hasRung) requeue(thing);
  };
  return {
    run,
    ring: (thing: string): boolean => {
      const own = active.get(thing);
      // One that hangs answers nothing.
      if (own === undefined || performance.now() > own.end) return false;
      own.hasRung = true;
      own.wake?.();
      return true;
    },
  };
}

function rung(own: Look): Promise<void> {
  return new Promise<void>(resolve => {
    const timer = setTimeout(resolve, lingerMs);
    own.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  }).then(() => {
    own.wake = undefined;
  });
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
