import {setTimeout as delay} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {newId, scaled} from '../../src/config/index.ts';
import {BoxyardError} from '../../src/errors/index.ts';
import type {RedisRim} from '../../src/rim/redis.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const timing = scaled(0.02);

/** The server's way to Redis, which ends for good after so many commands: what a kill between two of them leaves behind. */
function dyingAfter(rim: RedisRim, commands: number): RedisRim & {readonly isDead: () => boolean} {
  let left = commands;
  const spend = async () => {
    if (left-- <= 0) throw new BoxyardError('REDIS_UNAVAILABLE');
  };
  return {
    ...rim,
    isDead: () => left < 0,
    commit: async build => {
      await spend();
      return rim.commit(build);
    },
    script: text => {
      const script = rim.script(text);
      return async (keys, args) => {
        await spend();
        return script(keys, args);
      };
    },
    ask: async use => {
      await spend();
      return rim.ask(use);
    },
  };
}

/** Nothing is left of a job that has ended but its record: no slot, no row, no place in a set. */
async function leftovers(rim: RedisRim, tenant: string, worker: string): Promise<unknown> {
  const {keys} = rim;
  return rim.ask(async client => ({
    used: await client.hvals(keys.used(worker)).then(values => values.filter(value => value !== '0')),
    held: await client.hkeys(keys.held(worker)),
    live: await client.zrange(keys.live(tenant), '0', '-1'),
    onWorker: await client.zrange(keys.workerJobs(worker), '0', '-1'),
    due: (await client.zrange(keys.due, '0', '-1')).filter(row => row.startsWith('j:')),
  }));
}

test('whatever command is its last, every job a killed server accepted still ends exactly once', {timeout: 300_000}, async () => {
  const seen = new Set<number>();
  for (let commands = 12; commands < 70; commands += 3) {
    seen.add(commands);
    const rim = await redis.rim();
    const tenant = newId('t');
    const worker = newId('w');
    const journal = new Map();
    const dying = dyingAfter(rim, commands);
    const accepted: string[] = [];
    const first = await startTestCore({rim: dying, timing, tenant}).catch(() => undefined);
    if (first !== undefined) {
      await first.agent({worker, slots: 2, journal, run: () => ({result: {exit: {code: 0}}})}).catch(() => undefined);
      for (let at = 0; at < 6; at++)
        await first.core.services.jobs.run(first.caller, {command: ['a']}).then(
          job => accepted.push(job.id),
          () => undefined,
        );
      await Promise.race([waitFor(() => dying.isDead(), {within: 3_000}).catch(() => undefined), delay(300)]);
      await first.close();
    }
    await using second = await startTestCore({rim, timing, tenant});
    const agent = await second.agent({worker, slots: 2, journal, run: () => ({result: {exit: {code: 0}}})});
    for (const id of accepted)
      await waitFor(async () => (await second.core.services.jobs.show(tenant, id)).state === 'ended', {within: 20_000}).catch(
        async error => {
          throw new Error(`after ${commands} commands: ${JSON.stringify(await second.core.services.jobs.show(tenant, id))}`, {
            cause: error,
          });
        },
      );
    await waitFor(async () => {
      const rest = await leftovers(rim, tenant, agent.worker);
      return JSON.stringify(rest) === JSON.stringify({used: [], held: [], live: [], onWorker: [], due: []});
    }).catch(async error => {
      throw new Error(`after ${commands} commands: ${JSON.stringify(await leftovers(rim, tenant, agent.worker))}`, {cause: error});
    });
  }
  expect(seen.size).toBeGreaterThan(10);
});
