import {setTimeout as delay} from 'node:timers/promises';
import type {EventView, JobView, WorkerView} from '@boxyard/core/api';
import type {Client, EventItem} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import {ringIfAsking} from '../services/asks.ts';
import type {Change, Data, ListName} from './data.ts';
import type {Event} from './state.ts';
import {ServerLists} from './server-lists.ts';
import type {Understood} from './understood.ts';

export interface Wanted {
  readonly lists: readonly ListName[];
  readonly parent?: string | undefined;
  /** What is on the screen is read at once, however much else changes. */
  readonly inSight: readonly string[];
}

export interface FeedOptions {
  readonly dispatch: (event: Event) => void;
  /** What is shown now, which facts add to. */
  readonly data: () => Data;
  /** What is looked at, beside what is read always: other lists, and a job whose children are to be seen. */
  readonly wants: () => Wanted;
  readonly signal: AbortSignal;
  /** To the person's terminal, when a session asks that nobody looks at. */
  readonly ring: (text: string) => void;
  readonly retryMs?: number;
}

/** Facts are gathered for so long and shown at once: at most ten times a second. */
const gatherMs = 100;
/** So many things are asked for one by one; where more changed the whole list costs less. */
const mostSingle = 8;
const leastBetweenListsMs = 2_000;
const restedLists = 10;
/** Thousands that are taken in at once keep keys waiting, so for each so long passes before the next time. */
const restPerItemMs = 1.5;

export interface Feed {
  /** Reads every list anew. */
  reload(): void;
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
  return {reload, wanted: () => gathered?.wake(), ended};
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

type Touched = 'jobs' | 'devboxes' | 'workers';

class Gathered {
  readonly #lists: ServerLists;
  readonly #options: FeedOptions;
  readonly #touched: Readonly<Record<Touched, Set<string>>> = {jobs: new Set(), devboxes: new Set(), workers: new Set()};
  readonly #stale = new Set<ListName>();
  /** Read whatever version is known of what is in it. */
  readonly #anew = new Set<ListName>();
  readonly #listedAt = new Map<ListName, {readonly at: number; readonly took: number}>();
  readonly #gone: {list: Touched; id: string}[] = [];
  readonly #figures = new Map<string, NonNullable<WorkerView['heartbeat']>>();
  #events: EventView[] = [];
  #parent: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #unread: string | undefined;
  #isAtWork = false;

  constructor(client: Client, understood: Understood, options: FeedOptions) {
    this.#options = options;
    this.#lists = new ServerLists(client, understood, options.signal);
  }

  /** `isAnew`: the server may know less than it did. */
  reload(isAnew = false): void {
    for (const list of ['workers', 'devboxes', 'jobs', 'images'] as const) {
      this.#stale.add(list);
      if (isAnew) this.#anew.add(list);
    }
    this.#listedAt.clear();
    this.wake();
  }

  gauge(gauge: unknown): void {
    const {object, values} = (gauge ?? {}) as {object?: unknown; values?: unknown};
    const [list, id] = String(object).split('/');
    const [heartbeat] = this.#lists.understood.heartbeat(values);
    if (list !== 'workers' || id === undefined || heartbeat === undefined) return;
    this.#figures.set(id, heartbeat);
    this.wake();
  }

  /** The fact, where it is one. */
  fact(told: unknown): readonly EventView[] {
    const events = this.#lists.understood.events(told);
    for (const event of events) this.#fact(event);
    return events;
  }

  #fact(event: EventView): void {
    this.#events.push(event);
    const [list = '', id = ''] = event.subject.split('/');
    if (list !== 'jobs' && list !== 'devboxes' && list !== 'workers') return this.wake();
    if (event.type.endsWith('.removed')) this.#gone.push({list, id});
    else this.#touched[list].add(id);
    const {devbox, worker, kind} = event.data as {devbox?: unknown; worker?: {id?: unknown}; kind?: unknown};
    if (typeof devbox === 'string') this.#touched.devboxes.add(devbox);
    if (typeof worker?.id === 'string') this.#touched.workers.add(worker.id);
    if (event.type === 'job.ended' && typeof kind === 'string' && (kind.startsWith('image.') || kind === 'devbox.snapshot'))
      this.#stale.add('images');
    this.wake();
  }

  wake(): void {
    if (!this.#options.signal.aborted) this.#timer ??= setTimeout(() => this.#flush(), gatherMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
  }

  #flush(): void {
    this.#timer = undefined;
    const {dispatch} = this.#options;
    const changes = [...this.#patches()];
    const events = this.#events;
    this.#events = [];
    if (changes.length > 0 || events.length > 0) dispatch({type: 'told', changes, ...(events.length === 0 ? {} : {events})});
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    void this.#fetch()
      .then(
        () => this.#tell(undefined),
        (error: unknown) => this.#tell(error),
      )
      .finally(() => (this.#isAtWork = false));
  }

  /** What could not be read is said, and read again a moment later; while the server is away that is said elsewhere. */
  #tell(error: unknown): void {
    const {signal, dispatch} = this.#options;
    if (signal.aborted) return;
    const why = error === undefined ? undefined : error instanceof Error ? error.message : String(error);
    if (why !== this.#unread) dispatch({type: 'unread', why});
    this.#unread = why;
    if (why === undefined) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.wake(), leastBetweenListsMs);
  }

  /** What facts and figures themselves say, shown before it is read in full. */
  *#patches(): Generator<Change> {
    const {workers, jobs} = this.#options.data();
    for (const {list, id} of this.#gone.splice(0)) yield {list, items: [], gone: [id]} as Change;
    const beating = [...this.#figures].flatMap(([id, values]) => withHeartbeat(workers.get(id), values));
    this.#figures.clear();
    if (beating.length > 0) yield {list: 'workers', items: beating};
    const known = this.#events.flatMap(event => this.#lists.understood.jobs(withFact(jobs, event)));
    if (known.length > 0) yield {list: 'jobs', items: known};
  }

  async #fetch(): Promise<void> {
    const {signal, dispatch, wants} = this.#options;
    const told = (changes: readonly Change[]) => {
      if (changes.length > 0 && !signal.aborted) dispatch({type: 'told', changes});
    };
    // Of what fails the rest is shown all the same; it is read again with the next fact.
    const read = await Promise.allSettled((['jobs', 'devboxes', 'workers'] as const).flatMap(list => this.#changed(list)));
    told(read.flatMap(one => (one.status === 'fulfilled' ? [one.value] : [])));
    const {lists, parent} = wants();
    // From here on they are told of one by one.
    if (parent !== undefined && parent !== this.#parent) told([{list: 'jobs', items: await this.#lists.children(parent)}]);
    this.#parent = parent;
    if (lists.includes('images') && this.#mayList('images') && this.#stale.has('images')) told([await this.#list('images')]);
    for (const one of read) if (one.status === 'rejected') throw one.reason;
    const isLeft = [...this.#stale].some(list => list !== 'images') || Object.values(this.#touched).some(ids => ids.size > 0);
    if (isLeft && !signal.aborted) await delay(gatherMs, undefined, {signal}).then(() => this.wake());
  }

  #changed(list: Touched): readonly Promise<Change>[] {
    const ids = [...this.#touched[list]];
    if (ids.length > mostSingle) this.#stale.add(list);
    if (this.#stale.has(list) && this.#mayList(list)) return [this.#list(list)];
    const inSight = new Set(this.#options.wants().inSight);
    const now = this.#stale.has(list) ? ids.filter(id => inSight.has(id)).slice(0, mostSingle) : ids;
    for (const id of now) this.#touched[list].delete(id);
    return now.map(id => this.#single(list, id));
  }

  /** A list that takes long to read, or is long, is read seldom. */
  #mayList(list: ListName): boolean {
    const last = this.#listedAt.get(list);
    return (
      last === undefined ||
      performance.now() - last.at > Math.max(leastBetweenListsMs, last.took * restedLists, this.#options.data()[list].size * restPerItemMs)
    );
  }

  async #list(list: ListName): Promise<Change> {
    const from = performance.now();
    this.#stale.delete(list);
    const isAnew = this.#anew.delete(list);
    if (list !== 'images') this.#touched[list].clear();
    try {
      return {list, whole: true, isAnew, items: await this.#lists.all(list)} as Change;
    } catch (error) {
      this.#stale.add(list);
      if (isAnew) this.#anew.add(list);
      throw error;
    } finally {
      this.#listedAt.set(list, {at: performance.now(), took: performance.now() - from});
    }
  }

  async #single(list: Touched, id: string): Promise<Change> {
    try {
      return {list, items: await this.#lists.one(list, id)} as Change;
    } catch (error) {
      if (isBoxyardError(error) && error.code === 'NOT_FOUND') return {list, items: [], gone: [id]} as Change;
      this.#touched[list].add(id);
      throw error;
    }
  }
}

function withHeartbeat(worker: WorkerView | undefined, heartbeat: WorkerView['heartbeat']): readonly WorkerView[] {
  return worker === undefined ? [] : [{...worker, heartbeat, lastHeartbeatAt: new Date().toISOString()}];
}

/** A fact about a job that is known, as far as it goes. */
function withFact(jobs: ReadonlyMap<string, JobView>, {subject, type, data}: EventView): unknown {
  const job = jobs.get(subject.replace('jobs/', ''));
  const {v, state, outcome, exit, session} = data as Partial<JobView>;
  if (job === undefined || !/^(job|session)\./.test(type) || v === undefined || v < job.v) return undefined;
  const told = {state, outcome, exit, session};
  return {...job, ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))};
}
