import {setTimeout as delay} from 'node:timers/promises';
import type {Client, EventItem} from '@boxyard/core/client';
import {ringIfAsking} from '../services/asks.ts';
import type {ListName} from './data.ts';
import {Gathered, type FeedOptions} from './gathered.ts';

export interface Feed {
  /** Reads every list anew. */
  reload(): void;
  /** That list is another now, although nothing told so. */
  stale(list: ListName): void;
  /** A list may be wanted now that was not before. */
  wanted(): void;
  readonly ended: Promise<void>;
}

/** A server that turned us away is asked again after so long, or when the person says so. */
const turnedAwayMs = 30_000;

/** Keeps the store in step with the server until the signal aborts. Never rejects: what goes wrong is shown. */
export function openFeed(client: Client, options: FeedOptions): Feed {
  let gathered: Gathered | undefined;
  let again = Promise.withResolvers<void>();
  const ended = (async () => {
    // What tells the kinds of things apart is large; the first frame does not wait for it.
    const {understood} = await import('./understood.ts');
    gathered = new Gathered(client, understood, options);
    while (!options.signal.aborted) {
      again = Promise.withResolvers();
      await follow(client, options, gathered);
      await soon(again.promise, options);
    }
    gathered.close();
  })();
  const reload = () => {
    again.resolve();
    gathered?.reload();
  };
  return {reload, stale: list => gathered?.outdated(list), wanted: () => gathered?.wake(), ended};
}

async function soon(asked: Promise<void>, {signal, retryMs = turnedAwayMs}: FeedOptions): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  await Promise.race([asked, delay(retryMs, undefined, {signal: either}).catch(() => undefined)]);
  stop.abort();
}

/** Until the server turns us away: whatever else goes wrong with it, the client comes back. */
async function follow(client: Client, options: FeedOptions, gathered: Gathered): Promise<void> {
  const {dispatch, signal} = options;
  try {
    for await (const item of client.events({signal})) await onItem(item, {client, options, gathered});
  } catch (error) {
    if (!signal.aborted) dispatch({type: 'link', status: 'offline', why: (error as Error).message});
  }
}

interface Following {
  readonly client: Client;
  readonly options: FeedOptions;
  readonly gathered: Gathered;
}

async function onItem(item: EventItem, {client, options, gathered}: Following): Promise<void> {
  const {dispatch} = options;
  switch (item.type) {
    case 'online':
      dispatch({type: 'link', status: 'online'});
      return gathered.reload();
    case 'offline':
      return dispatch({type: 'link', status: 'offline', why: (item.error as Error).message});
    case 'reset':
      return gathered.reload(true);
    case 'gauge':
      return gathered.gauge(item.gauge);
    case 'event':
      for (const event of gathered.fact(item.event)) if (event.type === 'session.asks') void ringIfAsking(client, event, options);
  }
}
