import {expect, test} from 'vitest';
import type {EventItem} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {changesOf, refresh} from '../../src/services/refresh.ts';

const never = async function* (): AsyncGenerator<EventItem> {
  yield* [];
};

/** What was seen until so many were. */
async function seen(count: number, load: () => Promise<unknown>, more: {events?: () => AsyncGenerator<EventItem>; everyMs?: number} = {}) {
  const leave = new AbortController();
  const all: unknown[] = [];
  for await (const one of refresh({load, events: never, everyMs: 1, ...more, signal: leave.signal})) {
    all.push('away' in one ? one.away.code : one.page);
    if (all.length === count) leave.abort();
  }
  return all;
}

test('it looks again after a while, and waits out a server that is away', async () => {
  const answers = [1, new BoxyardError('SERVER_UNREACHABLE'), new BoxyardError('REDIS_UNAVAILABLE'), 2];
  const load = async () => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  expect(await seen(4, load)).toEqual([1, 'SERVER_UNREACHABLE', 'REDIS_UNAVAILABLE', 2]);
});

test('it looks at once where something happens', async () => {
  const events = async function* (): AsyncGenerator<EventItem> {
    yield {type: 'event', event: {} as never};
  };
  expect(await seen(2, async () => 'page', {events, everyMs: 600_000})).toEqual(['page', 'page']);
});

test('what is refused from the start or for good ends it', async () => {
  await expect(seen(1, async () => Promise.reject(new BoxyardError('NO_SERVER')))).rejects.toMatchObject({code: 'NO_SERVER'});
  let count = 0;
  const revoked = async () => (count++ === 0 ? 'page' : Promise.reject(new BoxyardError('UNAUTHENTICATED')));
  await expect(seen(3, revoked)).rejects.toMatchObject({code: 'UNAUTHENTICATED'});
});

test('changed is what is new or other; gone is only what cannot be on another page', () => {
  const nameOf = ({name}: {name: string}) => name;
  const first = changesOf(
    new Map(),
    {
      items: [
        {name: 'a', n: 1},
        {name: 'b', n: 1},
      ],
    },
    nameOf,
  );
  expect(first.changed.map(nameOf)).toEqual(['a', 'b']);
  const second = changesOf(
    first.known,
    {
      items: [
        {name: 'b', n: 2},
        {name: 'c', n: 1},
      ],
    },
    nameOf,
  );
  expect([second.changed.map(nameOf), second.gone]).toEqual([['b', 'c'], ['a']]);
  expect(changesOf(second.known, {items: [{name: 'c', n: 1}], nextCursor: 'x'}, nameOf)).toMatchObject({changed: [], gone: []});
});
