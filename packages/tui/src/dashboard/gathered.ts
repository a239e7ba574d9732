import {setTimeout as delay} from 'node:timers/promises';
import type {EventView, JobView, WorkerView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import type {Change, Data, ListName} from './data.ts';
import type {Event} from './state.ts';
import {ServerLists} from './server-lists.ts';
import type {Understood} from './understood.ts';

export interface Wanted {
  readonly lists: readonly ListName[];
  readonly parent?: string | undefined;
  /** A webhook of which is to be seen what it was sent. */
  readonly webhook?: string | undefined;
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

const always = ['jobs', 'devboxes', 'workers'] as const;
type Touched = (typeof always)[number];
/** Read only while they are looked at. */
const onDemand = ['images', 'clusters', 'webhooks', 'plugins'] as const;
const isTouched = (list: string): list is Touched => always.some(one => one === list);
/** How a webhook does, no event tells. */
const pollMs = 5_000;

/** What facts say is gathered, and what they are about is read: little at once, and what is not seen later. */
export class Gathered {
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
  #poll: NodeJS.Timeout | undefined;
  #sentOf: string | undefined;
  #unread: string | undefined;
  #isAtWork = false;

  constructor(client: Client, understood: Understood, options: FeedOptions) {
    this.#options = options;
    this.#lists = new ServerLists(client, understood, options.signal);
  }

  /** `isAnew`: the server may know less than it did. */
  reload(isAnew = false): void {
    for (const list of [...always, ...onDemand]) {
      this.#stale.add(list);
      if (isAnew) this.#anew.add(list);
    }
    this.#listedAt.clear();
    // Nobody waits for more to come: there is nothing to be seen yet, or it is old.
    clearTimeout(this.#timer);
    if (!this.#options.signal.aborted) this.#flush();
  }

  outdated(list: ListName): void {
    this.#stale.add(list);
    this.#listedAt.delete(list);
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
    // Each event may be a run of a role, is to be sent, and may be told of a worker with other engines.
    this.#stale.add('clusters').add('webhooks').add('plugins');
    if (!isTouched(list)) return this.wake();
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
    clearTimeout(this.#poll);
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
    const read = await Promise.allSettled(always.flatMap(list => this.#changed(list)));
    told(read.flatMap(one => (one.status === 'fulfilled' ? [one.value] : [])));
    const {lists, parent, webhook} = wants();
    // From here on they are told of one by one.
    if (parent !== undefined && parent !== this.#parent) told([{list: 'jobs', items: await this.#lists.children(parent)}]);
    this.#parent = parent;
    await this.#readSent(webhook);
    for (const list of onDemand) if (lists.includes(list) && this.#mayList(list) && this.#stale.has(list)) told([await this.#list(list)]);
    this.#pollWhile(lists.includes('webhooks'));
    for (const one of read) if (one.status === 'rejected') throw one.reason;
    const isLeft =
      [...this.#stale].some(list => isTouched(list) || lists.includes(list)) || Object.values(this.#touched).some(ids => ids.size > 0);
    if (isLeft && !signal.aborted) await delay(gatherMs, undefined, {signal}).then(() => this.wake());
  }

  /** Anew as often as the list of webhooks is. */
  async #readSent(webhook: string | undefined): Promise<void> {
    const isNew = webhook !== this.#sentOf || (this.#stale.has('webhooks') && this.#mayList('webhooks'));
    this.#sentOf = webhook;
    if (webhook === undefined || !isNew) return;
    const sent = await this.#lists.sent(webhook);
    if (!this.#options.signal.aborted) this.#options.dispatch({type: 'sent', sent});
  }

  #pollWhile(isSeen: boolean): void {
    clearTimeout(this.#poll);
    if (isSeen) this.#poll = setTimeout(() => this.outdated('webhooks'), pollMs);
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
    if (isTouched(list)) this.#touched[list].clear();
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
