import {expect, test} from 'vitest';
import type {EventView} from '../../src/api/index.ts';
import type {EventItem} from '../../src/client/index.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

const event = (n: number): EventView => ({
  specversion: '1.0',
  id: `e-${n}`,
  type: 'job.ended',
  source: 'boxyard',
  subject: 'j-1',
  time: new Date(0).toISOString(),
  tenant: 't',
  actor: 'token:t',
  seq: `abc.${n}`,
  data: {text: 'line\nbreak'},
});

/** Follows in the background and keeps what came. */
function follow(door: TestDoor, after?: string) {
  const seen: EventItem[] = [];
  const stop = new AbortController();
  const done = (async () => {
    for await (const item of door.client().events({after, signal: stop.signal})) seen.push(item);
  })();
  return {seen, done, stop: () => stop.abort(), facts: () => seen.flatMap(item => (item.type === 'event' ? [item.event.seq] : []))};
}

const tell = (door: TestDoor, n: number) => door.services.events.followers.forEach(each => each.onEvent(event(n)));

test('facts arrive in order and a client that lost its server goes on behind the last one it saw', async () => {
  await using door = await startTestDoor();
  const following = follow(door, 'abc.0');
  await waitFor(() => door.services.events.followers.size === 1);
  tell(door, 1);
  tell(door, 2);
  await waitFor(() => following.facts().length === 2);
  await door.reopen();
  await waitFor(() => door.services.events.followers.size === 1);
  tell(door, 3);
  await waitFor(() => following.facts().length === 3);
  expect(following.facts()).toEqual(['abc.1', 'abc.2', 'abc.3']);
  expect(door.services.events.asked).toEqual(['abc.0', 'abc.2']);
  following.stop();
  await following.done;
  await waitFor(() => door.services.events.followers.size === 0);
});

test('a client that has seen no event yet misses none while its server is away', async () => {
  await using door = await startTestDoor();
  const following = follow(door);
  await waitFor(() => door.services.events.followers.size === 1);
  door.services.events.followers.forEach(each => each.onPlace('abc.7'));
  await waitFor(() => following.seen.some(item => item.type === 'online'));
  await door.reopen();
  await waitFor(() => door.services.events.asked.length === 2);
  expect(door.services.events.asked).toEqual([undefined, 'abc.7']);
  following.stop();
  await following.done;
});

test('a resume point that is gone is told as reset', async () => {
  await using door = await startTestDoor();
  const following = follow(door, 'abc.1');
  await waitFor(() => door.services.events.followers.size === 1);
  door.services.events.followers.forEach(each => each.onReset());
  await waitFor(() => following.seen.some(item => item.type === 'reset'));
  following.stop();
  await following.done;
});

test('of a hundred gauges of one object within a second two arrive, the first and the last', async () => {
  await using door = await startTestDoor();
  const following = follow(door);
  await waitFor(() => following.seen.some(item => item.type === 'online'));
  const [handlers] = [...door.services.events.followers];
  for (let cpu = 0; cpu < 100; cpu += 1) handlers!.onGauge({object: 'w-1', values: {cpu}});
  handlers!.onGauge({object: 'w-2', values: {cpu: 7}});
  const gauges = () => following.seen.flatMap(item => (item.type === 'gauge' ? [item.gauge] : []));
  await waitFor(() => gauges().length >= 3);
  expect(
    gauges()
      .filter(each => each.object === 'w-1')
      .map(each => each.values['cpu']),
  ).toEqual([0, 99]);
  following.stop();
  await following.done;
});

test('a made-up event id is refused', async () => {
  await using door = await startTestDoor();
  const first = async () => {
    for await (const item of door.client().events({after: "x'; drop"})) return item;
    return undefined;
  };
  expect(await codeOf(first())).toBe('INVALID_INPUT');
});
