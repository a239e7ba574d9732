import {afterAll, beforeAll, expect, test} from 'vitest';
import {newAttemptId, newId, timing} from '../../src/config/index.ts';
import {createAttemptIds} from '../../src/jobs/attempt-ids.ts';
import {Placement} from '../../src/jobs/placement.ts';
import {groupOf} from '../../src/jobs/rules-needs.ts';
import type {JobRecord} from '../../src/jobs/rules-record.ts';
import {acceptJobs} from '../../src/jobs/store-accept.ts';
import {JobStore} from '../../src/jobs/store.ts';
import type {Needs} from '../../src/protocol/index.ts';
import type {WorkerRecord} from '../../src/workers/rules.ts';
import {createWorkerStore} from '../../src/workers/store.ts';
import {WorkerTable} from '../../src/workers/table.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const needs: Needs = {features: [], enforces: [], labels: {}, memoryBytes: 1024 ** 3, slots: 1, profile: 'open'};

/** A store and placement with nobody who looks at what waits: what is sent was sent while it was accepted. */
async function scene(slots: number) {
  const rim = await redis.rim();
  const tenant = newId('t');
  const store = new JobStore({
    rim,
    timing,
    attemptIds: createAttemptIds(new Uint8Array(32)),
    nudge: () => undefined,
    onChange: () => undefined,
  });
  const table = new WorkerTable();
  const engine = {name: 'docker', usable: true, version: '1', features: [], enforces: [], labels: {}};
  const registration = {platform: 'linux/x64', cpus: 8, memoryTotal: 64 * 1024 ** 3, slots, engines: [engine], labels: {}, version: '0'};
  const connection = {process: 'p', machine: 'm', boot: 'b', epoch: 1, at: 0};
  const worker = {v: 1, id: newId('w'), tenant, name: 'w1', createdAt: 0, labels: {}, unset: [], orphans: [], registration, connection};
  table.set(worker as unknown as WorkerRecord);
  await createWorkerStore(rim, 'test').ensure({id: worker.id, tenant, name: worker.name});
  const placement = new Placement({
    store,
    workers: createWorkerStore(rim, 'test'),
    table,
    news: async () => undefined,
    learnJoined: async () => undefined,
    pausedUntil: () => 0,
  });
  const newJob = (): JobRecord => ({
    v: 1,
    id: newId('j'),
    tenant,
    kind: 'run',
    actor: 'user:anna',
    spec: {
      kind: 'run',
      labels: {},
      needs,
      profile: 'open',
      secrets: [],
      graceMs: 10,
      retries: 0,
      priority: 0,
      ifLost: 'fail',
      idempotent: false,
      box: {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false},
      out: [],
    },
    attempt: {number: 1, id: newAttemptId()},
    state: 'queued',
    group: groupOf(needs),
    phases: [],
    tries: 0,
    createdAt: rim.clock.now(),
  });
  const stateOf = async (id: string) => (await store.read(id))?.state;
  return {
    stateOf,
    /** `isPlaced`: whether placement hears of it. */
    async accept(isPlaced = true, key?: string): Promise<string> {
      const job = newJob();
      const idempotency = key === undefined ? undefined : {key, request: 'the same'};
      const accepting = acceptJobs(store, {tenant, actor: 'user:anna', jobs: [job], idempotency});
      if (isPlaced) placement.accepting(job);
      const accepted = await accepting;
      return accepted.done === 'before' ? accepted.job : job.id;
    },
    used: async () => (await createWorkerStore(rim, 'test').used(worker.id)).slots,
  };
}

test('a job that a worker has room for is sent with the call that accepts it', async () => {
  const {accept, stateOf, used} = await scene(2);
  const ids = [await accept(), await accept(), await accept()];
  await waitFor(async () => (await stateOf(ids[1]!)) === 'sent');
  expect(await Promise.all(ids.map(stateOf))).toEqual(['sent', 'sent', 'queued']);
  expect(await used()).toBe(2);
});

test('a job does not get ahead of one of its class that waits', async () => {
  const {accept, stateOf} = await scene(2);
  const ids = [await accept(false), await accept()];
  expect(await Promise.all(ids.map(stateOf))).toEqual(['queued', 'queued']);
});

test('a repeat that accepts nothing sends nothing', async () => {
  const {accept, used} = await scene(5);
  const ids = [await accept(true, 'once'), await accept(true, 'once')];
  expect(ids[1]).toBe(ids[0]);
  expect(await used()).toBe(1);
});
