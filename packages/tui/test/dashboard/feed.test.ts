import type {Client, EventItem} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {expect, onTestFinished, test, vi} from 'vitest';
import {noData, changed, type Change, type Data} from '../../src/dashboard/data.ts';
import {openFeed} from '../../src/dashboard/feed.ts';
import type {Wanted} from '../../src/dashboard/gathered.ts';
import {cluster, devbox, job, webhook, worker} from './state-for-tests.ts';

/** A server of which some of what is asked fails. */
function follow(server: Partial<Record<keyof Client, unknown>>): () => Data {
  return opened(server).data;
}

function opened(server: Partial<Record<keyof Client, unknown>>, retryMs?: number, wanted: Partial<Wanted> = {}) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const listed = (items: readonly unknown[]) => async () => Promise.resolve({items});
  const client = {
    workersList: listed([worker('nas')]),
    devboxesList: listed([devbox('web')]),
    jobsList: listed([job('one')]),
    imagesList: listed([]),
    async *events({signal}: {readonly signal: AbortSignal}): AsyncGenerator<EventItem> {
      yield {type: 'online'} as EventItem;
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    },
    ...server,
  } as unknown as Client;
  let data = noData;
  const links: string[] = [];
  const sent: string[] = [];
  const feed = openFeed(client, {
    dispatch: event => {
      if (event.type === 'told') data = event.changes.reduce((all: Data, change: Change) => changed(all, change), data);
      if (event.type === 'link') links.push(event.status);
      if (event.type === 'sent') sent.push(event.sent.webhook);
    },
    data: () => data,
    wants: () => ({lists: ['images'], inSight: ['d-web'], ...wanted}),
    signal: stop.signal,
    ring: () => undefined,
    ...(retryMs === undefined ? {} : {retryMs}),
  });
  return {data: () => data, links, sent, feed};
}

type Items = AsyncGenerator<EventItem>;
const until = async (signal: AbortSignal) => new Promise(resolve => signal.addEventListener('abort', resolve));

const fails = async () => Promise.reject(new Error('not now'));

test.each(['workersList', 'devboxesList', 'jobsList', 'imagesList'] as const)('a server whose %s fails shows the rest', async name => {
  const data = follow({[name]: fails});
  await vi.waitFor(() => {
    const {workers, devboxes, jobs} = data();
    expect([workers.size, devboxes.size, jobs.size].filter(size => size === 1)).toHaveLength(name === 'imagesList' ? 3 : 2);
  }, 5_000);
});

test.each(['failed', 'lost'])('what %s is there, however many newer jobs there are', async outcome => {
  const old = job('old', {state: 'ended', outcome: outcome as 'failed'});
  const data = follow({
    jobsList: async ({query}: {readonly query: {readonly outcome?: string}}) =>
      Promise.resolve({items: query.outcome === undefined ? [job('new')] : query.outcome === outcome ? [old] : []}),
  });
  await vi.waitFor(() => expect([...data().jobs.keys()].toSorted()).toEqual(['j-new', 'j-old']), 5_000);
});

test('what failed is read with the next fact', async () => {
  let calls = 0;
  const data = follow({
    jobsList: async () => Promise.resolve(calls++ < 3 ? fails() : {items: [job('one')]}),
    async *events({signal}: {readonly signal: AbortSignal}): AsyncGenerator<EventItem> {
      yield {type: 'online'} as EventItem;
      while (!signal.aborted) {
        await new Promise(resolve => setTimeout(resolve, 200));
        yield {type: 'gauge', gauge: {object: 'workers/w-nas', values: {}}} as unknown as EventItem;
      }
    },
  });
  await vi.waitFor(() => expect(data().jobs.size).toBe(1), 8_000);
}, 10_000);

test('a server that turns us away is asked again after a while, and at once when the person says so', async () => {
  let calls = 0;
  const events = async function* ({signal}: {readonly signal: AbortSignal}): Items {
    calls += 1;
    yield {type: 'online'} as EventItem;
    if (calls % 2 === 1) throw new BoxyardError('UNAUTHENTICATED');
    await until(signal);
  };
  const soon = opened({events}, 20);
  await vi.waitFor(() => expect(soon.links).toEqual(['online', 'offline', 'online']), 5_000);
  calls = 0;
  const later = opened({events}, 600_000);
  await vi.waitFor(() => expect(later.links).toEqual(['online', 'offline']), 5_000);
  later.feed.reload();
  await vi.waitFor(() => expect(later.links).toEqual(['online', 'offline', 'online']), 5_000);
});

test('a server that forgot shows what it knows now, though that is older', async () => {
  let v = 9;
  const {data} = opened({
    jobsList: async () => Promise.resolve({items: [job('one', {v, state: v === 9 ? 'running' : 'queued'})]}),
    async *events({signal}: {readonly signal: AbortSignal}): Items {
      yield {type: 'online'} as EventItem;
      await vi.waitFor(() => expect(data().jobs.size).toBe(1), 5_000);
      v = 2;
      yield {type: 'reset'} as EventItem;
      await until(signal);
    },
  });
  await vi.waitFor(() => expect(data().jobs.get('j-one')).toMatchObject({v: 2, state: 'queued'}), 5_000);
});

test('facts and lists of another shape leave the rest as it is', async () => {
  const {data, links} = opened({
    devboxesList: async () => Promise.resolve({boxes: []}),
    workersList: async () => Promise.resolve({items: [5, null, {id: 'w-odd', labels: 'none'}, worker('nas')]}),
    async *events({signal}: {readonly signal: AbortSignal}): Items {
      yield {type: 'online'} as EventItem;
      for (const wrong of [null, 5, {}, {type: 'job.ended', subject: 7, data: null}, {subject: 'jobs/j-one'}])
        yield {type: 'event', event: wrong} as unknown as EventItem;
      for (const wrong of [null, {}, {object: 5}, {object: 'workers/w-nas', values: 'busy'}])
        yield {type: 'gauge', gauge: wrong} as unknown as EventItem;
      await until(signal);
    },
  });
  await vi.waitFor(() => expect([data().jobs.size, data().workers.size]).toEqual([1, 2]), 5_000);
  expect(data().workers.get('w-odd')).toMatchObject({name: '', labels: {}, engines: []});
  expect(links).toEqual(['online']);
});

test('where more changes than is read one by one, what is on the screen is read at once all the same', async () => {
  const shown: string[] = [];
  let lists = 0;
  const changed = (name: string) => ({type: 'event', event: {...fact, subject: `devboxes/d-${name}`}}) as unknown as EventItem;
  opened({
    devboxesList: async () => Promise.resolve({items: [devbox('web')], at: (lists += 1)}),
    devboxesShow: async ({devbox: id}: {readonly devbox: string}) => {
      shown.push(id);
      return Promise.resolve(devbox(id.slice(2)));
    },
    async *events({signal}: {readonly signal: AbortSignal}): Items {
      yield {type: 'online'} as EventItem;
      await vi.waitFor(() => expect(lists).toBe(1), 5_000);
      for (let i = 0; i < 50; i += 1) yield changed(`far${i}`);
      yield changed('web');
      await until(signal);
    },
  });
  await vi.waitFor(() => expect(shown).toEqual(['d-web']), 1_500);
  expect(lists).toBe(1);
});

test('clusters and webhooks are read only while they are looked at, and what one was sent with them', async () => {
  const asked: string[] = [];
  const answer = (name: string, items: readonly unknown[]) => async (): Promise<{items: readonly unknown[]}> =>
    Promise.resolve({items, at: asked.push(name)});
  const server = {
    clustersList: answer('clusters', [cluster('team')]),
    webhooksList: answer('webhooks', [webhook('chat')]),
    webhooksDeliveries: answer('deliveries', [5, {event: 'e-1', type: 'job.ended'}]),
    webhooksDeadLetters: answer('letters', []),
  };
  const elsewhere = opened(server);
  await vi.waitFor(() => expect(elsewhere.data().jobs.size).toBe(1), 5_000);
  expect(asked).toEqual([]);
  const looked = opened(server, undefined, {lists: ['clusters', 'webhooks'], webhook: 'h-chat'});
  await vi.waitFor(
    () => expect([looked.data().clusters.size, looked.data().webhooks.size, looked.sent]).toEqual([1, 1, ['h-chat']]),
    5_000,
  );
  asked.length = 0;
  looked.feed.stale('webhooks');
  await vi.waitFor(() => expect(asked.toSorted()).toEqual(['deliveries', 'letters', 'webhooks']), 5_000);
});

const fact = {specversion: '1.0', id: 'e', type: 'devbox.changed', source: 's', time: '', tenant: 't', actor: 'a', seq: '1.1', data: {}};
