import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import type {Attempt, FromServer} from '@boxyard/core/protocol';
import {rmSync} from 'node:fs';
import {checkProfile, enforced} from './floor.ts';
import {Job} from './job.ts';
import type {JobRow, JobStart} from './journal.ts';
import {Remains} from './remains.ts';
import {spoolDir} from './session-host/spool.ts';
import {beginsAtOnce} from './starting.ts';
import type {Parts} from './steps/index.ts';

type Of = {readonly job: string; readonly attempt: Attempt};
type Cancel = Extract<FromServer, {type: 'job.cancel'}>;

/**
 * All attempts this agent holds. Commands are idempotent by (job, attempt): the same again is answered with the present
 * state, an older one is refused, a newer one ends the older. Nothing is told to the server before it is journalled.
 */
export class Jobs {
  readonly #parts: Parts;
  readonly #live = new Map<string, Job>();
  readonly #remains: Remains;
  readonly #onUnwritable: () => void;
  #confirmed: string | undefined;
  /** For how long nobody had heard of this worker when it started: what is resumed late is held to it too. */
  silentBefore = 0;
  /** Why nothing that fills the disk is begun: it is nearly full (B11). */
  noRoom: string | undefined;

  /** `onUnwritable`: the journal took no job, and the server should hear of the disk before it sends another. */
  constructor(parts: Parts, onUnwritable: () => void) {
    this.#parts = parts;
    this.#onUnwritable = onUnwritable;
    this.#remains = new Remains(parts);
  }

  get live(): IterableIterator<Job> {
    return this.#live.values();
  }

  find(job: string, attempt?: Attempt): Job | undefined {
    return [this.#live.get(job)].find(found => attempt === undefined || found?.row.attempt.id === attempt.id);
  }

  /** What has to be on disk is on its way there when `#start` first waits; so entries are confirmed in the order they came. */
  async start(message: JobStart): Promise<void> {
    const started = this.#start(message).catch((error: unknown) => this.refuse(message, asBoxyardError(error)));
    await Promise.all([started, this.#confirm(message.entry)]);
  }

  refuse(of: Of, error: BoxyardError): void {
    this.#parts.send({type: 'job.refused', job: of.job, attempt: of.attempt, error: toWire(error)});
  }

  /** What the journal holds goes on: a job that was accepted and never done is begun. */
  resume(row: JobRow): Job {
    const job = this.#run(row);
    this.#endIfOutOfTouch(job, this.silentBefore);
    return job;
  }

  async cancel(message: Cancel): Promise<void> {
    await Promise.all([this.#cancel(message), this.#confirm(message.entry)]);
  }

  async #cancel(message: Cancel): Promise<void> {
    const {journal} = this.#parts;
    const row = journal.find(message.job);
    if (!row) await this.#cancelUnknown(message);
    else if (row.attempt.number <= message.attempt.number && row.state !== 'ended' && row.state !== 'stored') {
      row.cancel ??= {reason: message.reason, graceMs: message.graceMs};
      await journal.put(row);
      this.#live.get(message.job)?.endEarly({kind: 'cancelled', reason: message.reason, graceMs: message.graceMs});
    } else this.#tell(row);
  }

  /** The server has the result: what only served it may go. */
  async stored(of: Of): Promise<void> {
    const row = this.#parts.journal.find(of.job);
    if (row?.attempt.id !== of.attempt.id || row.state === 'running' || row.state === 'accepted') return;
    row.state = 'stored';
    void this.#removeBoxes(row).catch((error: unknown) =>
      this.#parts.log('a box waits for garbage collection', {...of, error: String(error)}),
    );
    if (this.#parts.outputs.isDelivered(of)) await this.#forget(row);
    else this.#parts.journal.note(row);
  }

  async delivered(of: Of): Promise<void> {
    const row = this.#parts.journal.find(of.job);
    if (row?.attempt.id === of.attempt.id && row.state === 'stored') await this.#forget(row);
    this.#remains.drop(of);
  }

  /** Another attempt owns the job: this one is stopped, and its result belongs to nobody; the rest of its log is sent. */
  async superseded(of: Of): Promise<void> {
    const row = this.#parts.journal.find(of.job);
    if (row?.attempt.id === of.attempt.id) await this.#giveUp(row);
    else this.#remains.drop(of);
  }

  /** Everything the server must know after a reconnect. */
  onOpen(): void {
    for (const row of this.#parts.journal.jobs) this.#tell(row);
  }

  /**
   * A job that may run again elsewhere must not go on when nobody has heard from this worker for its `stopAfterMs` (B8). One
   * whose program has ended meanwhile keeps its end.
   */
  endOutOfTouch(silentMs: number): void {
    for (const job of this.#live.values()) this.#endIfOutOfTouch(job, silentMs);
  }

  #endIfOutOfTouch(job: Job, silentMs: number): void {
    const {stopAfterMs} = job.row.start;
    if (stopAfterMs === undefined || silentMs <= stopAfterMs) return;
    if (this.#parts.held.find({...job.of, slot: 'main'})?.is !== 'ended') job.endEarly({kind: 'out-of-touch'});
  }

  /** Whether one of them has to end when this worker is out of touch. */
  get mayGoOnElsewhere(): boolean {
    return [...this.#live.values()].some(job => job.row.start.stopAfterMs !== undefined);
  }

  async #start(message: JobStart): Promise<void> {
    const {journal} = this.#parts;
    const row = journal.find(message.job);
    const isSame = row?.attempt.id === message.attempt.id;
    if (row && isSame) {
      await journal.settled();
      return this.#tell(row);
    }
    this.#checkFence(message, row);
    this.#checkOwner(message);
    // In the same turn as the checks: a copy of this message finds the row.
    const older = row && this.#live.get(row.job);
    const fresh: JobRow = {
      job: message.job,
      attempt: message.attempt,
      start: message,
      state: 'accepted',
      finished: 0,
      isStarting: beginsAtOnce(message.steps),
      suspicions: 0,
      phases: [],
      changedAt: 0,
    };
    older?.endEarly({kind: 'superseded'});
    const noted = journal.accept(fresh);
    if (message.devbox !== undefined && message.generation !== undefined)
      void journal.setGeneration(message.devbox, message.generation).catch(() => undefined);
    await noted.catch((error: unknown) => this.#notAccepted(fresh, error));
    this.#parts.crash('after-accept');
    if (row) await this.#clearAway(row, older);
    const job = this.#run(fresh);
    job.tell();
  }

  /** What is in no journal would be forgotten by a crash: another worker may have it, or this one when it can write. */
  #notAccepted(row: JobRow, cause: unknown): never {
    this.#parts.journal.bury(row);
    this.#onUnwritable();
    throw new BoxyardError('NO_SPACE', {where: `${this.#parts.worker.name}: its journal cannot be written`}, {cause});
  }

  #checkFence(message: JobStart, row: JobRow | undefined): void {
    const tombstone = this.#parts.journal.tombstone(message.job);
    const newest = Math.max(row?.attempt.number ?? 0, tombstone?.attempt.number ?? 0);
    if (message.attempt.number < newest) throw refused('is older than the attempt this worker knows');
    if (tombstone?.attempt.id === message.attempt.id)
      throw refused(tombstone.cancelled === undefined ? 'has ended here' : 'was cancelled before it came');
    if (tombstone?.cancelled !== undefined && tombstone.attempt.number === message.attempt.number)
      throw refused('was cancelled before it came');
    if (message.devbox === undefined || message.generation === undefined) return;
    if (message.generation < this.#parts.journal.generation(message.devbox)) throw refused('is about a DevBox that was removed since');
  }

  #checkOwner(message: JobStart): void {
    const {engines, worker} = this.#parts;
    checkProfile(message.profile, worker.floor, worker.name);
    const {probe} = engines.entry(message.engine);
    const makesBox = message.steps.some(step => step.do === 'container.create');
    if (makesBox && worker.floor !== undefined && probe.usable) {
      const missing = enforced[worker.floor].filter(one => !probe.enforces.includes(one));
      if (missing.length > 0)
        throw new BoxyardError('PROFILE_UNSUPPORTED', {
          profile: worker.floor,
          hint: `${message.engine} does not enforce ${missing.join(', ')}.`,
        });
    }
    const fills = message.steps.some(step => fillsDisk.has(step.do));
    if (this.noRoom !== undefined && fills) throw new BoxyardError('NO_SPACE', {where: `${worker.name}: ${this.noRoom}`});
  }

  #run(row: JobRow): Job {
    const job = new Job(row, this.#parts);
    this.#live.set(row.job, job);
    void job.done
      .catch((error: unknown) => this.#parts.log('a job could not be concluded', {job: row.job, error: String(error)}))
      .finally(() => {
        if (this.#live.get(row.job) === job) this.#live.delete(row.job);
      });
    return job;
  }

  #tell(row: JobRow): void {
    if (row.state === 'ended' && row.result) this.#parts.send(row.result);
    const job = this.#live.get(row.job);
    if (job && row.state !== 'ended' && row.state !== 'stored') this.#parts.send(job.update());
  }

  async #cancelUnknown(message: Cancel): Promise<void> {
    const {journal} = this.#parts;
    const tombstone = journal.tombstone(message.job);
    if (tombstone && (tombstone.attempt.number > message.attempt.number || tombstone.cancelled === undefined)) return;
    if (!tombstone) {
      journal.bury(message, message.reason);
      await journal.flushed();
    }
    const zero = {stdout: 0, stderr: 0, log: 0};
    const of = {job: message.job, attempt: message.attempt};
    this.#parts.send({type: 'job.result', ...of, cancelled: message.reason, logEnd: zero, gaps: [], phases: [], asOf: journal.next()});
  }

  async #giveUp(row: JobRow): Promise<void> {
    const job = this.#live.get(row.job);
    job?.endEarly({kind: 'superseded'});
    this.#parts.journal.bury(row);
    await this.#parts.journal.flushed();
    await this.#clearAway(row, job);
  }

  async #clearAway(row: JobRow, job: Job | undefined): Promise<void> {
    await job?.done.catch(() => undefined);
    const of = {job: row.job, attempt: row.attempt};
    const removed = this.#removeBoxes(row).catch((error: unknown) =>
      this.#parts.log('a box waits for garbage collection', {job: row.job, error: String(error)}),
    );
    void removed
      .then(() => this.#remains.deliver(of, () => this.#letGo(row)))
      .catch((error: unknown) => this.#parts.log('the rest of a log was not sent', {job: row.job, error: String(error)}));
  }

  async #removeBoxes(row: JobRow): Promise<void> {
    if (row.start.keepBox && !isStillborn(row)) return;
    const {engines} = this.#parts;
    for (const step of row.start.steps) {
      if (step.do !== 'container.create') continue;
      await engines.call(row.start.engine, 'remove', async (engine, signal) => {
        const box = await engine.find(step.spec.name, signal);
        await box?.stop(0, signal);
        await box?.remove(signal);
      });
    }
  }

  async #forget(row: JobRow): Promise<void> {
    this.#letGo(row);
    this.#parts.journal.bury(row);
  }

  #letGo(row: JobRow): void {
    const of = {job: row.job, attempt: row.attempt};
    const {host, held, outputs, secrets, stateDir} = this.#parts;
    host.note({type: 'forget', ...of});
    held.forget(of);
    outputs.forget(of);
    secrets.forget(of);
    if (row.start.stdin || row.result?.out) rmSync(`${spoolDir(stateDir, row.job, row.attempt)}/out.tar`, {force: true});
  }

  /** Entries come in order and are confirmed in order: one message says all up to the newest that is on disk. */
  async #confirm(entry: string): Promise<void> {
    await this.#parts.journal.settled();
    const isFirst = this.#confirmed === undefined;
    this.#confirmed = entry;
    if (!isFirst) return;
    setImmediate(() => {
      const upTo = this.#confirmed;
      this.#confirmed = undefined;
      if (upTo !== undefined) this.#parts.send({type: 'outbox.done', upTo});
    });
  }
}

const fillsDisk: ReadonlySet<string> = new Set<JobStart['steps'][number]['do']>([
  'container.create',
  'image.pull',
  'image.build',
  'image.snapshot',
]);

/** Its box was made, or was about to be, and never ran: there is nothing in it that anybody could want to keep. */
const isStillborn = ({start, finished}: JobRow): boolean => {
  const started = start.steps.findIndex(step => step.do === 'container.start');
  return started >= finished && start.steps.some(step => step.do === 'container.create');
};

const refused = (issue: string) => new BoxyardError('CONFLICT', {what: 'This attempt', issue});
