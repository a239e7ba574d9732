import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {newId, scaled} from '../../src/config/index.ts';
import {BoxyardError} from '../../src/errors/index.ts';
import type {RedisRim} from '../../src/rim/redis.ts';
import {createEventStore} from '../../src/events/store.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import type {FakeAgent, Start} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const timing = scaled(0.02);

/** The server's way to Redis, which ends for good after so many commands: what a kill between two of them leaves behind. */
function dyingAfter(rim: RedisRim, commands: number): RedisRim & {readonly isDead: () => boolean; readonly used: () => number} {
  let left = commands;
  const spend = async () => {
    if (left-- <= 0) throw new BoxyardError('REDIS_UNAVAILABLE');
  };
  return {
    ...rim,
    isDead: () => left < 0,
    used: () => commands - left,
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

/** What a client asks for before the server dies. */
type Work = 'run' | 'retry' | 'copies' | 'few' | 'cancel' | 'keyed' | 'json' | 'gather';
const workload = fc.array(fc.constantFrom<Work>('run', 'retry', 'copies', 'few', 'cancel', 'keyed', 'json', 'gather'), {
  minLength: 3,
  maxLength: 6,
});

const result = (start: Start) => ({stdout: 'out', result: {exit: {code: start.steps.length > 4 && start.attempt.number === 1 ? 1 : 0}}});

/** `out` makes a job of five steps, whose first attempt fails. */
async function ask({core, caller}: TestCore, work: Work, at: number): Promise<string> {
  const {jobs} = core.services;
  const key = work === 'keyed' ? `key-${at}` : undefined;
  const request = {
    command: ['a'],
    ...(work === 'retry' ? {retries: 1, out: ['x']} : {}),
    ...(work === 'copies' ? {fanOut: {copies: 3}} : {}),
    ...(work === 'json' ? {fanOut: {copies: 3, gather: 'json' as const}} : {}),
    ...(work === 'gather' ? {fanOut: {copies: 2, gather: ['b']}} : {}),
    ...(work === 'few' ? {fanOut: {copies: 4, parallel: 1, failurePolicy: 'first' as const}} : {}),
  };
  const {id} = await jobs.run(caller, request, key);
  if (work === 'cancel') await jobs.cancel(caller, id, 'enough').catch(() => undefined);
  return id;
}

/** Runs the work on a server that ends after so many commands, then on one that lives; how many commands the first one used. */
async function crashAfter(commands: number, work: readonly Work[]): Promise<{readonly used: number}> {
  const rim = await redis.rim();
  const tenant = newId('t');
  const worker = newId('w');
  const journal = new Map<string, Start>();
  const dir = mkdtempSync(join(tmpdir(), 'bxp-'));
  await using _dir = {[Symbol.asyncDispose]: async () => rmSync(dir, {recursive: true, force: true})};
  const dying = dyingAfter(rim, commands);
  const accepted: [string, Work, number][] = [];
  const first = await startTestCore({rim: dying, timing, tenant, dir}).catch(() => undefined);
  if (first !== undefined) {
    await first.agent({worker, slots: 2, journal, run: result}).catch(() => undefined);
    for (const [at, each] of work.entries())
      await ask(first, each, at).then(
        id => accepted.push([id, each, at]),
        () => undefined,
      );
    await waitFor(() => dying.isDead(), {within: 300}).catch(() => undefined);
    await first.close();
  }
  await using second = await startTestCore({rim, timing, tenant, dir});
  using _agent = comingAgain(() => second.agent({worker, slots: 2, journal, run: result}));
  const {jobs} = second.core.services;
  for (const [id, each, at] of accepted) {
    if (each === 'keyed') expect(await ask(second, each, at)).toBe(id);
    await waitFor(async () => (await jobs.show(tenant, id)).state === 'ended', {within: 60_000}).catch(async (cause: unknown) => {
      const left = JSON.stringify([await jobs.show(tenant, id), await leftovers(rim, tenant, worker)]);
      throw new Error(`a ${each} did not end: ${left}`, {cause});
    });
    if (each === 'json' || each === 'gather') expect(await jobs.result(tenant, id)).toEqual(each === 'json' ? expect.anything() : 'out');
  }
  const clean = {used: [], held: [], live: [], onWorker: [], due: []};
  await waitFor(async () => JSON.stringify(await leftovers(rim, tenant, worker)) === JSON.stringify(clean), {within: 60_000}).catch(
    async () => {
      expect(await leftovers(rim, tenant, worker)).toEqual(clean);
    },
  );
  await expectOneEndEach(rim, tenant);
  return {used: dying.used()};
}

/** As a real agent does: on a busy machine it may be silent for so long that it is taken for lost. */
function comingAgain(connect: () => Promise<FakeAgent>): Disposable {
  let isOver = false;
  const keep = async () => {
    while (!isOver) await (await connect()).closed;
  };
  void keep().catch(() => undefined);
  return {[Symbol.dispose]: () => void (isOver = true)};
}

/** Whatever was accepted, also what the client never heard of, has one end in the tenant's history. */
async function expectOneEndEach(rim: RedisRim, tenant: string): Promise<void> {
  const {events} = await createEventStore(rim).read(tenant, '0-0', 10_000);
  const count = (type: string) => {
    const of = new Map<string, number>();
    for (const event of events) if (event.type === type) of.set(event.subject, (of.get(event.subject) ?? 0) + 1);
    return of;
  };
  const [begun, ended] = [count('job.accepted'), count('job.ended')];
  expect(Object.fromEntries(ended)).toEqual(Object.fromEntries(Array.from(begun.keys(), subject => [subject, 1])));
}

const atOnce = 8;

test('whatever command is its last, every job a killed server accepted still ends exactly once', {timeout: 300_000}, async () => {
  const whole = await crashAfter(100_000, ['run', 'retry', 'copies', 'few', 'cancel', 'keyed', 'json', 'gather']);
  expect(whole.used).toBeGreaterThan(40);
  const points = Array.from({length: Math.min(whole.used, 200)}, (_, at) => at + 1);
  const seed = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 1_000_000);
  const tries = points.map(point => ({point, work: fc.sample(workload, {seed: seed + point, numRuns: 1})[0]!}));
  const runner = async () => {
    for (let next = tries.shift(); next !== undefined; next = tries.shift()) {
      const {point, work} = next;
      await crashAfter(point, work).catch((cause: unknown) => {
        throw new Error(`after ${point} commands of ${work.join(', ')} (FAST_CHECK_SEED=${seed}): ${String(cause)}`, {cause});
      });
    }
  };
  await Promise.all(Array.from({length: atOnce}, runner));
});
