import {rmSync} from 'node:fs';
import {join} from 'node:path';
import type {DatabaseSync} from 'node:sqlite';
import type {Attempt, FromAgent, FromServer, Phase} from '@boxyard/core/protocol';
import {privateDir} from '@boxyard/core/config';
import {BALLAST} from './disk-guard.ts';
import {Commits} from './journal-commits.ts';
import {openJournalFile, prepareStatements} from './journal-file.ts';

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

const SQLITE_FULL = 13;
const TOMBSTONES_KEPT = 10_000;
const RECENT_KEPT = 1_000;
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
  readonly #recent = new Map<string, JobRow>();
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #generations = new Map<string, number>();
  readonly #meta = new Map<string, string>();
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #now: () => number;
  readonly #commits: Commits;
  #sequence: number;
  #isClosed = false;

  constructor(stateDir: string, now: () => number = Date.now) {
    this.#now = now;
    this.#stateDir = stateDir;
    this.#db = openJournalFile(join(privateDir(stateDir), 'journal.db'));
    this.#statements = prepareStatements(this.#db);
    this.#commits = new Commits(writes => this.#commit(writes));
    this.#load();
    this.#sequence = Number(this.#meta.get('sequence') ?? '0');
  }

  get jobs(): IterableIterator<JobRow> {
    return this.#jobs.values();
  }

  find(job: string): JobRow | undefined {
    return this.#jobs.get(job);
  }

  /** Attempts whose end was stored a moment ago. */
  get recent(): IterableIterator<JobRow> {
    return this.#recent.values();
  }

  findRecent(job: string): JobRow | undefined {
    return this.#recent.get(job);
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
    this.#commits.add(`meta ${name}`, () => this.#statements.putMeta.run(name, this.#meta.get(name) ?? value));
    await this.#commits.soon();
  }

  /** A new attempt takes the place of whatever was held of its job. */
  async accept(row: JobRow): Promise<void> {
    this.#jobs.set(row.job, row);
    row.changedAt = this.#now();
    this.#commits.add(`start ${row.job}`, () => {
      if (this.#jobs.get(row.job) === row) this.#statements.putStart.run(row.job, JSON.stringify(row.start));
    });
    await this.put(row);
  }

  /** A change of a row; nothing happens if a newer attempt took its place. */
  async put(row: JobRow): Promise<void> {
    if (this.#jobs.get(row.job) !== row) return;
    row.changedAt = this.#now();
    this.#commits.add(`job ${row.job}`, () => this.#writeJob(row.job));
    await this.#commits.soon();
  }

  /** A change that may be forgotten by a crash: it is on disk a little later. */
  note(row: JobRow): void {
    if (this.#jobs.get(row.job) !== row) return;
    row.changedAt = this.#now();
    this.#commits.later(`job ${row.job}`, () => this.#writeJob(row.job));
  }

  /**
   * The attempt is over and everybody knows: what stays is that it was, and for a moment how it ended. Forgotten by a crash, it
   * is told and buried again.
   */
  bury(row: Pick<JobRow, 'job' | 'attempt'>, cancelled?: string): void {
    const known = this.#jobs.get(row.job);
    if (known?.attempt.id === row.attempt.id) {
      this.#jobs.delete(row.job);
      if (known.state === 'stored') this.#keepRecent(known);
    }
    this.#tombstones.delete(row.job);
    this.#tombstones.set(row.job, {job: row.job, attempt: row.attempt, cancelled});
    const at = this.#now();
    this.#commits.later(`job ${row.job}`, () => this.#writeJob(row.job));
    this.#commits.later(`tombstone ${row.job}`, () =>
      this.#statements.putTombstone.run(row.job, row.attempt.number, row.attempt.id, cancelled ?? null, at),
    );
  }

  /** In memory, and few: for a Redis that loses its last second when the end is stored in it (R3). */
  #keepRecent(row: JobRow): void {
    this.#recent.delete(row.job);
    this.#recent.set(row.job, {...row, changedAt: this.#now()});
    if (this.#recent.size > RECENT_KEPT) this.#recent.delete(this.#recent.keys().next().value!);
  }

  async setGeneration(devbox: string, generation: number): Promise<void> {
    if (generation <= this.generation(devbox)) return;
    this.#generations.set(devbox, generation);
    this.#commits.add(`generation ${devbox}`, () => this.#statements.putGeneration.run(devbox, this.generation(devbox)));
    await this.#commits.soon();
  }

  /** Resolves when every put and accepted row before is on disk. */
  settled(): Promise<void> {
    return this.#commits.soon();
  }

  /** As `settled`, with what was only noted or buried. */
  flushed(): Promise<void> {
    return this.#commits.soon({all: true});
  }

  /** Forgets tombstones that are both old and many. */
  async prune(): Promise<void> {
    const tooMany = this.#tombstones.size - TOMBSTONES_KEPT;
    if (tooMany <= 0) return;
    this.#commits.add('prune', () => {
      this.#db
        .prepare('DELETE FROM buried WHERE rowid IN (SELECT rowid FROM buried WHERE at < ? ORDER BY rowid LIMIT ?)')
        .run(this.#now() - TOMBSTONES_MS, tooMany);
      this.#tombstones.clear();
      this.#loadTombstones();
    });
    await this.#commits.soon();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#commits.close();
    this.#db.close();
  }

  /** The newest state of the job's row at commit. */
  #writeJob(job: string): void {
    const row = this.#jobs.get(job);
    if (row === undefined) {
      this.#statements.deleteJob.run(job);
      this.#statements.deleteStart.run(job);
      return;
    }
    const {start: _start, ...rest} = row;
    this.#statements.putJob.run(job, JSON.stringify(rest));
  }

  /** On a full disk the ballast is given up for what has to be written (B11). */
  #commit(writes: Iterable<() => void>): void {
    const write = () => {
      this.#db.exec('BEGIN');
      for (const one of writes) one();
      this.#statements.putMeta.run('sequence', String(this.#sequence));
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

  #load(): void {
    // An older agent kept the start in the row.
    const rows = this.#db.prepare('SELECT job, row, start FROM jobs LEFT JOIN starts USING (job)').all();
    for (const {job, row, start} of rows as {job: string; row: string; start: string | null}[])
      this.#jobs.set(job, {...(JSON.parse(row) as JobRow), ...(start === null ? {} : {start: JSON.parse(start) as JobStart})});
    for (const {name, value} of this.#db.prepare('SELECT name, value FROM meta').all() as {name: string; value: string}[])
      this.#meta.set(name, value);
    for (const {devbox, generation} of this.#db.prepare('SELECT * FROM generations').all() as {devbox: string; generation: number}[])
      this.#generations.set(devbox, generation);
    this.#loadTombstones();
  }

  #loadTombstones(): void {
    type Row = {job: string; number: number; attempt: string; reason: string | null};
    for (const row of this.#db.prepare('SELECT * FROM buried ORDER BY rowid').all() as unknown as Row[])
      this.#tombstones.set(row.job, {job: row.job, attempt: {number: row.number, id: row.attempt}, cancelled: row.reason ?? undefined});
  }
}
