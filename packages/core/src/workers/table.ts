import type {Heartbeat} from '../protocol/index.ts';
import type {Candidate} from '../jobs/rules-place.ts';
import {type JobRecord, isOnWorker} from '../jobs/rules-record.ts';
import {type WorkerRecord, candidateOf} from './rules.ts';
import type {WorkerStore} from './store.ts';

export interface TableEntry {
  record: WorkerRecord;
  used: {slots: number; memory: number};
  heartbeat?: Heartbeat | undefined;
  heartbeatAt?: number | undefined;
  images: Set<string>;
}

/** What this server knows of all workers, for placement and views: records and reservations as last read, figures as last heard. */
export class WorkerTable {
  readonly #entries = new Map<string, TableEntry>();

  set(record: WorkerRecord): TableEntry {
    const entry = this.#entries.get(record.id);
    if (entry === undefined) {
      const made = {record, used: {slots: 0, memory: 0}, images: new Set<string>()};
      this.#entries.set(record.id, made);
      return made;
    }
    if (record.v >= entry.record.v) entry.record = record;
    return entry;
  }

  /** Replaces everything: after Redis may have rolled back, versions say nothing. */
  reset(records: readonly WorkerRecord[]): void {
    const known = new Map(this.#entries);
    this.#entries.clear();
    for (const record of records) {
      const entry = known.get(record.id);
      this.#entries.set(record.id, entry === undefined ? {record, used: {slots: 0, memory: 0}, images: new Set()} : {...entry, record});
    }
  }

  get(id: string): TableEntry | undefined {
    return this.#entries.get(id);
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  all(): readonly TableEntry[] {
    return [...this.#entries.values()];
  }

  ofTenant(tenant: string): readonly TableEntry[] {
    return this.all().filter(entry => entry.record.tenant === tenant);
  }

  candidate(id: string, now: number): Candidate | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : candidateOf(entry.record, entry, now);
  }

  candidates(tenant: string, now: number): Candidate[] {
    return this.ofTenant(tenant).map(entry => candidateOf(entry.record, entry, now));
  }
}

/** Brings the table up to what other servers wrote; one question to Redis where they wrote nothing. Asked twice at once, it asks once. */
export type TableNews = () => Promise<void>;

export function createTableNews(workers: WorkerStore, table: WorkerTable): TableNews {
  let seen = '';
  let looking: Promise<void> | undefined;
  const look = async () => {
    const changes = await workers.othersChanges();
    if (changes === seen) return;
    const before = table.all().map(entry => entry.record.id);
    const records = await workers.readAll();
    for (const record of records) table.set(record);
    const there = new Set(records.map(record => record.id));
    for (const id of before) if (!there.has(id)) table.delete(id);
    seen = changes;
  };
  return () => (looking ??= look().finally(() => (looking = undefined)));
}

/** Keeps this server's view of reservations near the truth between readings: what ends frees. */
export function noteRoom(table: WorkerTable, before: JobRecord | undefined, after: JobRecord): void {
  if (before === undefined || !isOnWorker(before) || isOnWorker(after) || before.worker === undefined) return;
  const entry = table.get(before.worker.id);
  if (entry === undefined) return;
  if (after.outcome === 'succeeded' && after.image !== undefined) entry.images.add(after.image.ref);
  if (after.outcome === 'succeeded' && after.spec.kind === 'image.remove') entry.images.delete(after.spec.ref);
  const {slots, memoryBytes} = after.spec.needs;
  const keepsMemory = after.outcome === 'succeeded' && (after.kind === 'devbox.create' || after.kind === 'devbox.start');
  entry.used = {slots: Math.max(0, entry.used.slots - slots), memory: Math.max(0, entry.used.memory - (keepsMemory ? 0 : memoryBytes))};
}
