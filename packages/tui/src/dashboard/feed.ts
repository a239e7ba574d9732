import {setTimeout as delay} from 'node:timers/promises';
import type {Client} from '@boxyard/core/client';
import {createLogFilter} from '../output/log-text.ts';
import {ringIfAsking} from '../services/asks.ts';
import {safeText} from '../output/safe-text.ts';
import type {Event, ListName} from './state.ts';

type Dispatch = (event: Event) => void;

const refreshEveryMs = 10_000;
const settleMs = 150;
const logTail = 64 * 1024;

export interface FeedOptions {
  readonly signal: AbortSignal;
  /** To the person's terminal, when a session asks that nobody looks at. */
  readonly ring: (text: string) => void;
}

/** Keeps the store in step with the server until the signal aborts. Never rejects: what goes wrong is shown. */
export async function feed(client: Client, dispatch: Dispatch, {signal, ring}: FeedOptions): Promise<void> {
  const lists = listLoader(client, dispatch, signal);
  const timer = setInterval(() => lists.load('workers'), refreshEveryMs);
  const ticker = setInterval(() => dispatch({type: 'ticked', now: Date.now()}), 1_000);
  try {
    for await (const item of client.events({signal})) {
      if (item.type === 'online') {
        dispatch({type: 'link', status: 'online'});
        lists.loadAll();
      } else if (item.type === 'offline') dispatch({type: 'link', status: 'offline', why: (item.error as Error).message});
      else if (item.type === 'reset') lists.loadAll();
      else if (item.type === 'gauge') lists.load('workers');
      else {
        touched(item.event.type).forEach(lists.load);
        await ringIfAsking(client, item.event, {ring, signal});
      }
    }
  } catch (error) {
    if (!signal.aborted) dispatch({type: 'link', status: 'offline', why: (error as Error).message});
  } finally {
    clearInterval(timer);
    clearInterval(ticker);
  }
}

/** Which lists a fact may have changed. */
function touched(type: string): readonly ListName[] {
  if (type.startsWith('job.')) return ['jobs', 'devboxes', 'workers'];
  if (type.startsWith('devbox.')) return ['devboxes', 'workers'];
  return type.startsWith('worker.') ? ['workers', 'devboxes'] : [];
}

/** Loads lists again, each at most once in a while however many facts come. */
function listLoader(client: Client, dispatch: Dispatch, signal: AbortSignal): {load(list: ListName): void; loadAll(): void} {
  const waiting = new Set<ListName>();
  const fetchers: Readonly<Record<ListName, () => Promise<void>>> = {
    workers: async () => dispatch({type: 'workers', items: (await client.workersList({signal})).items}),
    devboxes: async () => dispatch({type: 'devboxes', items: (await client.devboxesList({signal})).items}),
    jobs: async () => dispatch({type: 'jobs', items: (await client.jobsList({query: {limit: 200}, signal})).items}),
  };
  const load = (list: ListName) => {
    if (waiting.has(list) || signal.aborted) return;
    waiting.add(list);
    void delay(settleMs, undefined, {signal})
      .then(() => {
        waiting.delete(list);
        return fetchers[list]();
      })
      // A list that could not be loaded now is loaded again when the connection is back.
      .catch(() => waiting.delete(list));
  };
  return {load, loadAll: () => (Object.keys(fetchers) as ListName[]).forEach(load)};
}

/** Shows the end of a job's output, and what it goes on to write, until the signal aborts. */
export async function feedLog(client: Client, job: string, dispatch: Dispatch, signal: AbortSignal): Promise<void> {
  const filter = createLogFilter();
  const show = (text: string) => dispatch({type: 'log', job, text: safeText(withoutColours(text).replaceAll('\r', '\n'))});
  try {
    const {have} = await client.jobsShow({job, signal});
    const from = {stdout: tail(have?.stdout), stderr: tail(have?.stderr), log: tail(have?.log)};
    for await (const item of client.attach({job, from, signal})) if (item.type === 'bytes') show(filter.write(item.bytes));
    show(filter.end());
  } catch (error) {
    if (!signal.aborted) show(`(${(error as Error).message})\n`);
  }
}

const tail = (length: number | undefined) => Math.max(0, (length ?? 0) - logTail);

const withoutColours = (text: string) => text.replaceAll(/\u001b\[[0-9;:]*m/g, '');
