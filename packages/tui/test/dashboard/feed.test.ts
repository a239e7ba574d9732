import type {Client, EventItem} from '@boxyard/core/client';
import {expect, onTestFinished, test, vi} from 'vitest';
import {noData, changed, type Change, type Data} from '../../src/dashboard/data.ts';
import {openFeed} from '../../src/dashboard/feed.ts';
import {devbox, job, worker} from './state-for-tests.ts';

/** A server of which some of what is asked fails. */
function follow(server: Partial<Record<keyof Client, unknown>>): () => Data {
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
  openFeed(client, {
    dispatch: event =>
      void (data = event.type === 'told' ? event.changes.reduce((all: Data, change: Change) => changed(all, change), data) : data),
    data: () => data,
    wants: () => ({lists: ['images']}),
    signal: stop.signal,
    ring: () => undefined,
  });
  return () => data;
}

const fails = async () => Promise.reject(new Error('not now'));

test.each(['workersList', 'devboxesList', 'jobsList', 'imagesList'] as const)('a server whose %s fails shows the rest', async name => {
  const data = follow({[name]: fails});
  await vi.waitFor(() => {
    const {workers, devboxes, jobs} = data();
    expect([workers.size, devboxes.size, jobs.size].filter(size => size === 1)).toHaveLength(name === 'imagesList' ? 3 : 2);
  }, 5_000);
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
