import {chmodSync, closeSync, openSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import type {Attempt, FromAgent, FromServer, Phase} from '@boxyard/core/protocol';
import {privateDir} from '@boxyard/core/config';
import {BALLAST} from './disk-guard.ts';

export type JobStart = Extract<FromServer, {type: 'job.start'}>;
export type JobResult = Extract<FromAgent, {type: 'job.result'}>;

/**
 * What the agent holds of one attempt. `accepted` → `running` → `ended` → `stored`; only the rest of the output may still be
 * unsent when it is stored. Nothing in it is secret: specs name secrets, they do not hold them.
 */
export interface JobRow {
  readonly job: string;
  readonly attempt: Attempt;
  readonly start: JobStart;
  state: 'accepted' | 'running' | 'ended' | 'stored';
  /** Steps done. */
  finished: number;
  /** In an engine call that could take the agent down with it (R27). */
  isStarting: boolean;
  /** Crashes of the agent that this job alone can have caused. */
  suspicions: number;
  phases: readonly Phase[];
  /** Boot clock and boot id at `running`: what the deadline is counted from. */
  runningAt?: number | undefined;
  boot?: string | undefined;
  /** A cancel that has been journalled and not yet carried out. */
  cancel?: {reason: string; graceMs: number} | undefined;
  stdinDone?: boolean | undefined;
  result?: JobResult | undefined;
  changedAt: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS jobs (job TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tombstones (job TEXT PRIMARY KEY, number INTEGER NOT NULL, attempt TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS generations (devbox TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
`;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const TOMBSTONES_KEPT = 10_000;
const TOMBSTONES_MS = 24 * 3_600_000;

export interface Tombstone {
  readonly job: string;
  readonly attempt: Attempt;
  /** Why nothing of this attempt may start any more; absent for one that simply ended. */
  readonly cancelled?: string | undefined;
}

/**
 * The agent's memory, on disk before anybody is told. Reads come from memory; writes are gathered and committed together,
 * once per turn of the event loop, with one fsync. Promises resolve in the order of the calls.
 */
export class Journal {
  readonly #db: DatabaseSync;
  readonly #stateDir: string;
  readonly #jobs = new Map<string, JobRow>();
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #generations = new Map<string, number>();
  readonly #meta = new Map<string, string>();
  readonly #now: () => number;
  #queue: {write: () => void; done: () => void; failed: (error: unknown) => void}[] = [];
  #sequence: number;
  #isClosed = false;

  constructor(stateDir: string, now: () => number = Date.now) {
    this.#now = now;
    this.#stateDir = stateDir;
    this.#db = open(join(privateDir(stateDir), 'journal.db'));
    this.#load();
    this.#sequence = Number(this.#meta.get('sequence') ?? '0');
  }

  get jobs(): IterableIterator<JobRow> {
    return this.#jobs.values();
  }

  find(job: string): JobRow | undefined {
    return this.#jobs.get(job);
  }

  tombstone(job: string): Tombstone | undefined {
    return this.#tombstones.get(job);
  }

  generation(devbox: string): number {
    return this.#generations.get(devbox) ?? 0;
  }

  /** Grows with every change of what this agent holds; inventories and results carry it (R9). */
  get sequence(): number {
    return this.#sequence;
  }

  /** A new number, behind everything noted before; by the clock, so that numbers a crash forgot are not given again. */
  next(): number {
    this.#sequence = Math.max(this.#sequence + 1, this.#now());
    return this.#sequence;
  }

  meta(name: string): string | undefined {
    return this.#meta.get(name);
  }

  async setMeta(name: string, value: string): Promise<void> {
    this.#meta.set(name, value);
    await this.#write(() => this.#putMeta(name, value));
  }

  /** A new attempt takes the place of whatever was held of its job. */
  async accept(row: JobRow): Promise<void> {
    this.#jobs.set(row.job, row);
    await this.put(row);
  }

  /** A change of a row; nothing happens if a newer attempt took its place. */
  async put(row: JobRow): Promise<void> {
    if (this.#jobs.get(row.job) !== row) return;
    row.changedAt = this.#now();
    await this.#write(() => {
      // The newest state of the row at commit: several changes in one turn cost one write.
      if (this.#jobs.get(row.job) === row) this.#statements.putJob.run(row.job, JSON.stringify(row));
    });
  }

  /** The attempt is over and everybody knows: what stays is that it was. */
  async bury(row: Pick<JobRow, 'job' | 'attempt'>, cancelled?: string): Promise<void> {
    if (this.#jobs.get(row.job)?.attempt.id === row.attempt.id) this.#jobs.delete(row.job);
    this.#tombstones.delete(row.job);
    this.#tombstones.set(row.job, {job: row.job, attempt: row.attempt, cancelled});
    await this.#write(() => {
      if (!this.#jobs.has(row.job)) this.#statements.deleteJob.run(row.job);
      this.#statements.putTombstone.run(row.job, row.attempt.number, row.attempt.id, cancelled ?? null, this.#now());
    });
  }

  async setGeneration(devbox: string, generation: number): Promise<void> {
    if (generation <= this.generation(devbox)) return;
    this.#generations.set(devbox, generation);
    await this.#write(() => this.#statements.putGeneration.run(devbox, generation));
  }

  /** Resolves when everything noted before is on disk. */
  async settled(): Promise<void> {
    await this.#write(() => undefined);
  }

  /** Forgets tombstones that are both old and many. */
  async prune(): Promise<void> {
    const tooMany = this.#tombstones.size - TOMBSTONES_KEPT;
    if (tooMany <= 0) return;
    await this.#write(() => {
      this.#db
        .prepare('DELETE FROM tombstones WHERE job IN (SELECT job FROM tombstones WHERE at < ? ORDER BY at LIMIT ?)')
        .run(this.#now() - TOMBSTONES_MS, tooMany);
      this.#tombstones.clear();
      this.#loadTombstones();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#db.close();
  }

  #write(write: () => void): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((done, failed) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({write, done, failed});
    });
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#isClosed) return;
    const batch = this.#queue;
    this.#queue = [];
    try {
      this.#commit(batch);
    } catch (error) {
      for (const one of batch) one.failed(error);
      return;
    }
    for (const one of batch) one.done();
  }

  /** On a full disk the ballast is given up for what has to be written (B11). */
  #commit(batch: readonly {write: () => void}[]): void {
    const write = () => {
      this.#db.exec('BEGIN');
      for (const one of batch) one.write();
      this.#putMeta('sequence', String(this.#sequence));
      this.#db.exec('COMMIT');
    };
    try {
      write();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      if ((error as {errcode?: number}).errcode !== SQLITE_FULL) throw error;
      rmSync(join(this.#stateDir, BALLAST), {force: true});
      write();
    }
  }

  #putMeta(name: string, value: string): void {
    this.#statements.putMeta.run(name, value);
  }

  #prepared: ReturnType<typeof prepare> | undefined;
  get #statements(): ReturnType<typeof prepare> {
    this.#prepared ??= prepare(this.#db);
    return this.#prepared;
  }

  #load(): void {
    for (const {job, row} of this.#db.prepare('SELECT job, row FROM jobs').all() as {job: string; row: string}[])
      this.#jobs.set(job, JSON.parse(row) as JobRow);
    for (const {name, value} of this.#db.prepare('SELECT name, value FROM meta').all() as {name: string; value: string}[])
      this.#meta.set(name, value);
    for (const {devbox, generation} of this.#db.prepare('SELECT * FROM generations').all() as {devbox: string; generation: number}[])
      this.#generations.set(devbox, generation);
    this.#loadTombstones();
  }

  #loadTombstones(): void {
    type Row = {job: string; number: number; attempt: string; reason: string | null};
    for (const row of this.#db.prepare('SELECT * FROM tombstones ORDER BY at').all() as unknown as Row[])
      this.#tombstones.set(row.job, {job: row.job, attempt: {number: row.number, id: row.attempt}, cancelled: row.reason ?? undefined});
  }
}

/** A file that is no journal any more is put aside: the labels of the boxes and the server's records are what is left. */
function open(path: string): DatabaseSync {
  const attempt = () => {
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const db = new DatabaseSync(path);
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000');
    db.exec(schema);
    return db;
  };
  try {
    return attempt();
  } catch (error) {
    const code = (error as {errcode?: number}).errcode;
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) throw error;
    renameSync(path, `${path}.broken-${Date.now()}`);
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, {force: true});
    return attempt();
  }
}

const prepare = (db: DatabaseSync) => ({
  putJob: db.prepare('INSERT INTO jobs (job, row) VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET row = excluded.row'),
  deleteJob: db.prepare('DELETE FROM jobs WHERE job = ?'),
  putMeta: db.prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'),
  putTombstone: db.prepare('INSERT OR REPLACE INTO tombstones (job, number, attempt, reason, at) VALUES (?, ?, ?, ?, ?)'),
  putGeneration: db.prepare('INSERT OR REPLACE INTO generations (devbox, generation) VALUES (?, ?)'),
});
