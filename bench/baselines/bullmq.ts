import {Queue, Worker, type Job} from 'bullmq';
import type {Lab} from '../lab.ts';
import type {OwnRedis} from './redis.ts';

/** Raw BullMQ, as little as it can be: a queue, a worker whose processor does nothing, both in this process. */
export interface RawQueue {
  /** Adds one and resolves when the worker has completed it. */
  one(): Promise<void>;
  /** Adds `count` in bulk and resolves when all are completed. */
  many(count: number): Promise<void>;
}

export async function rawQueue(lab: Lab, redis: OwnRedis, concurrency: number): Promise<RawQueue> {
  const connection = {host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null};
  const name = `bench-${concurrency}`;
  const queue = lab.own(new Queue(name, {connection}), q => q.close());
  const worker = lab.own(new Worker(name, async () => {}, {connection, concurrency, removeOnComplete: {count: 0}}), w => w.close(true));
  worker.on('error', error => lab.say(`BullMQ: ${error.message}`));
  await worker.waitUntilReady();
  const completed = new Map<string, () => void>();
  worker.on('completed', (job: Job) => completed.get(job.data.key as string)?.());
  let serial = 0;
  const next = () => String(serial++);
  return {
    async one() {
      const key = next();
      const done = new Promise<void>(resolve => completed.set(key, resolve));
      await queue.add('job', {key});
      await done;
      completed.delete(key);
    },
    async many(count) {
      let left = count;
      const key = next();
      const done = new Promise<void>(resolve => completed.set(key, () => --left === 0 && resolve()));
      const job = {name: 'job', data: {key, command: ['true']}};
      for (let added = 0; added < count; added += 1_000)
        await queue.addBulk(Array.from({length: Math.min(1_000, count - added)}, () => job));
      await done;
      completed.delete(key);
    },
  };
}
