import {afterAll, beforeAll, expect, test} from 'vitest';
import {createEventHub} from '../../src/events/events.ts';
import {createEventStore} from '../../src/events/store.ts';
import {addFact} from '../../src/events/store-facts.ts';
import type {RedisRim} from '../../src/rim/redis.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const write = (rim: RedisRim, tenant: string, n: number) =>
  rim.commit(change =>
    addFact(change, rim.keys, tenant, {id: `e${n}`, type: 'test.happened', subject: 'x', time: n, actor: 'server', data: {n}}),
  );

async function follow(rim: RedisRim, tenant: string, after?: string) {
  const seen: string[] = [];
  const places: string[] = [];
  const hub = createEventHub(createEventStore(rim));
  const stop = await hub.follow(tenant, after, {
    onEvent: event => seen.push(`${event.seq}:${String(event.data['n'])}`),
    onReset: () => seen.push('reset'),
    onPlace: seq => void places.push(seq),
    onGauge: gauge => seen.push(gauge.object),
  });
  return {seen, places, hub, stop};
}

test('a follower gets what came after its place, then what comes, each once and in order', async () => {
  const rim = await redis.rim();
  for (let n = 1; n <= 5; n++) await write(rim, 't', n);
  const {seen, hub} = await follow(rim, 't', '1.3');
  await write(rim, 't', 6);
  await waitFor(() => seen.length === 3);
  hub.gauge('t', {object: 'workers/w', values: {}});
  hub.gauge('other', {object: 'workers/x', values: {}});
  expect(seen).toEqual(['1.4:4', '1.5:5', '1.6:6', 'workers/w']);
  hub.close();
});

test('a place that was trimmed, or that a rolled-back Redis does not know, is answered by reset', async () => {
  const rim = await redis.rim();
  for (let n = 1; n <= 5; n++) await write(rim, 't', n);
  await createEventStore(rim).trim('t', {olderThan: 4, most: 1_000_000});
  const trimmed = await follow(rim, 't', '1.1');
  expect(trimmed.seen).toEqual(['reset']);
  trimmed.hub.close();
  const ahead = await follow(rim, 't', '1.99');
  expect(ahead.seen).toEqual(['reset']);
  await write(rim, 't', 6);
  await waitFor(() => ahead.seen.length === 2);
  expect(ahead.seen[1]).toBe('1.6:6');
  ahead.hub.close();
});

test('who has seen nothing yet is told the place to resume after, also before the first event of all', async () => {
  const rim = await redis.rim();
  const first = await follow(rim, 't');
  expect(first.places).toEqual(['0.0']);
  first.hub.close();
  await write(rim, 't', 1);
  const again = await follow(rim, 't', '0.0');
  expect(again.seen).toEqual(['1.1:1']);
  again.hub.close();
  const later = await follow(rim, 't');
  expect(later.places).toEqual(['1.1']);
  later.hub.close();
});

test('nobody sees the events of another tenant', async () => {
  const rim = await redis.rim();
  const one = await follow(rim, 'one');
  const two = await follow(rim, 'two');
  await write(rim, 'one', 1);
  await write(rim, 'two', 2);
  await waitFor(() => one.seen.length > 0 && two.seen.length > 0);
  expect([one.seen, two.seen]).toEqual([['1.1:1'], ['1.1:2']]);
  one.hub.close();
  two.hub.close();
});

test('a follower whose place grew old while it asked loses nothing to those who read on meanwhile', async () => {
  const rim = await redis.rim();
  const store = createEventStore(rim);
  const gate = Promise.withResolvers<void>();
  let isSlow = false;
  const hub = createEventHub({
    ...store,
    newest: async tenant => {
      const id = await store.newest(tenant);
      if (isSlow) await gate.promise;
      return id;
    },
  });
  const handlers = (seen: unknown[]) => ({
    onEvent: (event: {data: Record<string, unknown>}) => void seen.push(event.data['n']),
    onReset: () => void seen.push('reset'),
    onPlace: () => undefined,
    onGauge: () => undefined,
  });
  const [first, second]: unknown[][] = [[], []];
  await hub.follow('t', undefined, handlers(first!));
  isSlow = true;
  const following = hub.follow('t', undefined, handlers(second!));
  for (let n = 1; n <= 3; n++) await write(rim, 't', n);
  await waitFor(() => first!.length === 3);
  gate.resolve();
  await following;
  await write(rim, 't', 4);
  await waitFor(() => second!.length === 4 && first!.length === 4);
  expect([first, second]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  hub.close();
});
