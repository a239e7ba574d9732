import type {WorkerStore} from '../workers/store.ts';
import type {TableEntry, TableNews, WorkerTable} from '../workers/table.ts';
import {type Candidate, isOfClass, place} from './rules-place.ts';
import {devboxIdOf} from '../devboxes/rules.ts';
import {isInDevBox, isWaiting, type JobRecord} from './rules-record.ts';
import {type Head, dropGroupIfEmpty, heads, sendJob, type SendTo, waitingGroups} from './store-waiting.ts';
import type {JobStore} from './store.ts';

export interface PlacementOptions {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly table: WorkerTable;
  readonly news: TableNews;
  /** Puts the tenant's machines that never connected into the table. */
  readonly learnJoined: (tenant: string) => Promise<void>;
  /** Nothing is placed until then (monotonic ms): agents are being asked what they hold (R3). */
  readonly pausedUntil: () => number;
}

const batch = 64;
/** One look gives way after this; what is left is rung for again. */
const longestMs = 1_000;
/** Of how many classes the heads are guessed to be wanted. */
const mostGuessed = 8;
/** How many waiting jobs are told why: the first ones; the others wait behind them. */
const told = 20;

/** Starts waiting jobs on workers with room: O(classes the worker satisfies + jobs started). Safe to run twice at once. */
export class Placement {
  readonly #options: PlacementOptions;
  /** Being sent by this process now, so that two looks at once do not both try. */
  readonly #sending = new Set<string>();
  /** The classes each worker served last: a guess at what it serves next. */
  readonly #served = new Map<string, readonly string[]>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /**
   * A job that is being accepted in this turn of the event loop: where a worker has room and nobody of its class waits, both go
   * in one Lua call, one after the other. Else, and where this is lost, it waits as any other.
   */
  accepting(record: JobRecord): void {
    if (this.isPaused || !isWaiting(record) || isBesideDevBox(record)) return;
    const placed = place({needs: record.spec.needs, image: imageOf(record)}, this.#options.table.candidates(record.tenant, this.#now()));
    if (placed.worker === undefined) return;
    this.#reserve(placed.worker.id, record, 1);
    // What failed is looked at again: its row in `due` stands.
    void this.#send(record, placed.worker, {engine: placed.engine, isNew: true}).catch(() => undefined);
  }

  /** A group has somebody in it: start as many as fit. True when nothing of it is left to do for now. */
  async group(tenant: string, group: string): Promise<boolean> {
    if (this.isPaused) return false;
    const end = performance.now() + longestMs;
    while (performance.now() < end) {
      const [waiting] = await Promise.all([heads(this.#options.store, tenant, group, batch), this.#options.news()]);
      if (waiting.length === 0) return dropGroupIfEmpty(this.#options.store, tenant, group);
      const sent = await this.#sendAll(tenant, waiting);
      if (sent < waiting.length) return true;
    }
    return false;
  }

  /** A worker has room: walk the classes it satisfies, earliest heads first. */
  async worker(id: string): Promise<boolean> {
    if (this.#options.table.get(id) === undefined) await this.#options.news();
    const entry = this.#options.table.get(id);
    if (entry === undefined) return true;
    if (this.isPaused) return false;
    const {tenant} = entry.record;
    const end = performance.now() + longestMs;
    while (performance.now() < end) {
      const waiting = await this.#waitingFor(id, entry);
      if (waiting.length === 0) return true;
      if ((await this.#sendAll(tenant, waiting)) === 0) return true;
      if (this.#isFull(id) && waiting.every(each => each.record.spec.needs.slots > 0)) return true;
    }
    return false;
  }

  /** The heads of the classes the worker satisfies and has room for. Those of the last look are asked for together with the list of classes. */
  async #waitingFor(id: string, entry: TableEntry): Promise<Head[]> {
    const {store, workers} = this.#options;
    const {tenant} = entry.record;
    const headsOf = (group: string) => heads(store, tenant, group, Math.min(batch, entry.record.registration?.slots ?? batch));
    const guessed = this.#served.get(id) ?? [];
    const asked = [workers.used(id), waitingGroups(store, tenant, id), this.#options.news()] as const;
    const [used, all, , ...known] = await Promise.all([...asked, ...guessed.map(headsOf)]);
    entry.used = used;
    const candidate = this.#options.table.candidate(id, this.#now());
    if (candidate === undefined || candidate.closed !== undefined) return [];
    const groups = all.filter(each => isOfClass(each.needs, candidate) && hasRoom(each.needs, candidate)).map(each => each.group);
    if (groups.length === 0) this.#served.delete(id);
    else this.#served.set(id, groups.slice(0, mostGuessed));
    const found = await Promise.all(groups.map(group => known[guessed.indexOf(group)] ?? headsOf(group)));
    return found.flat().toSorted((a, b) => a.score - b.score);
  }

  /** Tries each in order, in this server's view of the reservations; returns how many were sent. */
  async #sendAll(tenant: string, waiting: readonly Head[]): Promise<number> {
    const sending: Promise<boolean>[] = [];
    const refused = new Set<string>();
    let count = 0;
    const candidates = this.#options.table.candidates(tenant, this.#now()).map(each => ({...each}));
    for (const {record} of waiting) {
      if (refused.has(record.group) || this.#sending.has(record.id)) continue;
      const placed = place({needs: record.spec.needs, image: imageOf(record)}, candidates);
      if (placed.worker === undefined && this.#namesNobody(record)) {
        sending.push(this.#endUnknown(record));
        continue;
      }
      if (placed.worker === undefined) {
        refused.add(record.group);
        sending.push(this.#tell(waiting, record.group, placed.refusals));
        continue;
      }
      this.#reserve(placed.worker.id, record, 1);
      const taken = candidates.find(each => each.id === placed.worker.id)!;
      taken.slots = {total: taken.slots.total, used: taken.slots.used + record.spec.needs.slots};
      taken.memory = {total: taken.memory.total, used: taken.memory.used + record.spec.needs.memoryBytes};
      sending.push(this.#send(record, placed.worker, {engine: placed.engine}));
    }
    for (const wasSent of await Promise.all(sending)) if (wasSent) count++;
    return count;
  }

  async #send(record: JobRecord, worker: Candidate, how: Pick<SendTo, 'engine' | 'isNew'>): Promise<boolean> {
    this.#sending.add(record.id);
    const result = await sendJob(this.#options.store, record, {
      ...how,
      worker: {id: worker.id, name: worker.name},
      total: {slots: worker.slots.total, memory: worker.memory.total},
    })
      .catch((error: unknown) => {
        this.#reserve(worker.id, record, -1);
        throw error;
      })
      .finally(() => this.#sending.delete(record.id));
    if (result !== undefined && 'after' in result && result.hasChanged) return true;
    const entry = this.#options.table.get(worker.id);
    if (entry !== undefined) entry.used = await this.#options.workers.used(worker.id);
    return false;
  }

  async #tell(waiting: readonly Head[], group: string, refusals: NonNullable<JobRecord['refusals']>): Promise<boolean> {
    const first = waiting.filter(each => each.record.group === group).slice(0, told);
    await Promise.all(first.map(each => this.#options.store.step(each.record.id, {type: 'refusals', refusals: refusals.slice(0, 50)})));
    return false;
  }

  #namesNobody({spec: {needs}}: JobRecord): boolean {
    return needs.worker !== undefined && this.#options.table.get(needs.worker) === undefined;
  }

  /** The worker it names was one when it was accepted, or its DevBox is on one that was: removed meanwhile, it never comes. */
  async #endUnknown(record: JobRecord): Promise<boolean> {
    const {learnJoined, store} = this.#options;
    await learnJoined(record.tenant);
    if (!this.#namesNobody(record)) return false;
    const hint = record.devboxName === undefined ? undefined : `boxyard devboxes remove ${record.devboxName} --forget`;
    const ended = await store.step(record.id, {type: 'removed', message: 'The worker it is for was removed.', hint});
    return ended !== undefined && 'hasChanged' in ended && ended.hasChanged;
  }

  #reserve(worker: string, record: JobRecord, sign: 1 | -1): void {
    const entry = this.#options.table.get(worker);
    if (entry === undefined) return;
    const {slots, memoryBytes} = record.spec.needs;
    entry.used = {slots: entry.used.slots + sign * slots, memory: entry.used.memory + sign * memoryBytes};
  }

  /** As this server knows it; whatever frees a slot from now on rings again. */
  #isFull(id: string): boolean {
    const candidate = this.#options.table.candidate(id, this.#now());
    return candidate !== undefined && candidate.slots.used >= candidate.slots.total;
  }

  #now(): number {
    return this.#options.store.rim.clock.now();
  }

  /** While agents are asked what they hold nothing is placed. */
  get isPaused(): boolean {
    return this.#options.store.rim.clock.monotonic() < this.#options.pausedUntil();
  }
}

const hasRoom = (needs: {readonly slots: number; readonly memoryBytes: number}, {slots, memory}: Candidate): boolean =>
  (needs.slots === 0 || slots.used + needs.slots <= slots.total) && (needs.memoryBytes === 0 || memory.used < memory.total);

/** Its step reads the DevBox too, which takes another turn. */
const isBesideDevBox = (job: JobRecord): boolean => !isInDevBox(job) && devboxIdOf(job.spec) !== undefined;

const imageOf = (record: JobRecord): string | undefined =>
  'box' in record.spec && typeof record.spec.box === 'object' ? record.spec.box.image : undefined;
