import {type Timing, newAttemptId} from '../config/index.ts';
import {type DevBoxRecord, devboxAfter, devboxIdOf} from '../devboxes/rules.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {RedisRim} from '../rim/redis.ts';
import {type EffectContext, addDevBoxEffects, addJobEffects} from './store-effects.ts';
import {next} from './rules.ts';
import type {JobEvent, Moment} from './rules-events.ts';
import type {AttemptIds} from './attempt-ids.ts';
import {type JobRecord, hasEnded, isInDevBox, recordOf, versionPrefix} from './rules-record.ts';

export interface JobStoreOptions {
  readonly rim: RedisRim;
  readonly timing: Timing;
  readonly attemptIds: AttemptIds;
  /** Rings for things that became due with a transition; may be lost, the sweep looks too. */
  readonly nudge: (things: readonly string[]) => void;
  /** After an end was stored, for what is outside Redis (one-job secrets, watchers). */
  readonly onChange: (before: JobRecord | undefined, after: JobRecord) => void;
  /** What is stored under a job's key is no record of it; to everybody else the job is not there. Told once for each. */
  readonly onDamaged?: ((id: string) => void) | undefined;
  /** Jobs of a tenant that have not ended, children counted; more are refused (C26). */
  readonly mostUnfinished?: number | undefined;
}

export interface Stepped {
  readonly before: JobRecord;
  readonly after: JobRecord;
  readonly hasChanged: boolean;
}

export type StepResult = Stepped | {readonly full: true} | undefined;

/** Guards and operations of the caller that belong to the same step. */
export interface Beside {
  readonly actor?: string;
  readonly add?: (change: Change, before: JobRecord, after: JobRecord) => void;
  /** The record it is now, where nobody can have read it yet. */
  readonly from?: JobRecord;
}

const mostCached = 20_000;
const usualMostUnfinished = 250_000;
const mostTries = 20;
const mostDamaged = 1_000;

/**
 * Reads and steps of jobs. Each step is one Lua call that compares the versions of what it read, so it may run at once on
 * many servers; the one that comes late reads again. Cached records are only ever a first guess.
 */
export class JobStore {
  readonly rim: RedisRim;
  readonly timing: Timing;
  readonly attemptIds: AttemptIds;
  readonly mostUnfinished: number;
  readonly #options: JobStoreOptions;
  readonly #cache = new Map<string, JobRecord>();
  readonly #damaged = new Set<string>();

  constructor(options: JobStoreOptions) {
    this.rim = options.rim;
    this.timing = options.timing;
    this.attemptIds = options.attemptIds;
    this.mostUnfinished = options.mostUnfinished ?? usualMostUnfinished;
    this.#options = options;
  }

  /** As last known here; may be stale. */
  async get(id: string): Promise<JobRecord | undefined> {
    return this.#cache.get(id) ?? this.read(id);
  }

  async read(id: string): Promise<JobRecord | undefined> {
    const [record] = await this.readMany([id]);
    return record;
  }

  /** In the order asked; undefined where there is none, or what is there is none. */
  async readMany(ids: readonly string[]): Promise<(JobRecord | undefined)[]> {
    if (ids.length === 0) return [];
    const texts = await this.rim.ask(redis => redis.mget(ids.map(id => this.rim.keys.job(id))));
    return texts.map((text, at) => this.#parse(ids[at]!, text ?? ''));
  }

  async readDevBox(id: string): Promise<DevBoxRecord | undefined> {
    const text = await this.rim.ask(redis => redis.get(this.rim.keys.devbox(id)));
    return text === null ? undefined : (JSON.parse(text) as DevBoxRecord);
  }

  /** Forgets what it guessed, after Redis may have rolled back. */
  forget(): void {
    this.#cache.clear();
  }

  context(actor?: string): EffectContext {
    return {keys: this.rim.keys, now: this.rim.clock.now(), ageingMs: this.timing.ageing, nudges: new Set(), ...(actor ? {actor} : {})};
  }

  /**
   * The step `event` makes of the job and of its DevBox, if it makes one. `full` where the caller's room guard failed.
   */
  async step(id: string, event: JobEvent, beside: Beside = {}): Promise<StepResult> {
    let before = beside.from ?? (await this.get(id));
    let isFresh = false;
    for (let tries = 0; tries < mostTries; tries++) {
      if (before === undefined) return undefined;
      const after = next(before, event, this.moment());
      if (after === undefined && isFresh) return {before, after: before, hasChanged: false};
      if (after === undefined) {
        before = await this.read(id);
        isFresh = true;
        continue;
      }
      const result = await this.#commit(before, after, beside);
      if (result.done) return {before, after, hasChanged: true};
      if (result.failed === 'room' || result.failed === 'role') return {full: true};
      before = result.failed === 'job' && result.found !== '' ? this.#parse(id, result.found) : await this.read(id);
      isFresh = true;
    }
    throw new BoxyardError('CONFLICT', {what: `job ${id}`, issue: 'changes faster than it can be read'});
  }

  moment(): Moment {
    return {now: this.rim.clock.now(), timing: this.timing, chance: Math.random(), nextAttemptId: newAttemptId};
  }

  /** Tells what is outside Redis, and rings; called by whoever committed. */
  committed(before: JobRecord | undefined, after: JobRecord, context: EffectContext): void {
    this.#keep(after);
    this.#options.onChange(before, after);
    this.#options.nudge([...context.nudges]);
  }

  async #commit(before: JobRecord, after: JobRecord, beside: Beside) {
    const context = this.context(beside.actor);
    const devbox = await this.#devboxStep(before, after, context.now);
    const {keys} = this.rim;
    const result = await this.rim.commit(change => {
      change.is('job', keys.job(after.id), versionPrefix(before.v));
      if (devbox !== undefined) change.is('devbox', keys.devbox(devbox.before.id), versionPrefix(devbox.before.v));
      for (const other of devbox?.others ?? []) change.is('other', keys.job(other.before.id), versionPrefix(other.before.v));
      beside.add?.(change, before, after);
      addJobEffects(change, before, after, context);
      if (devbox !== undefined) addDevBoxEffects(change, devbox.before, devbox.after, context);
      for (const other of devbox?.others ?? []) addJobEffects(change, other.before, other.after, context);
    });
    if (!result.done) return result;
    for (const other of devbox?.others ?? []) this.committed(other.before, other.after, context);
    if (result.lastChildEnded && after.parent !== undefined) context.nudges.add(`j:${after.parent}`);
    this.committed(before, after, context);
    return result;
  }

  /** The DevBox a job works on, after the step, with the jobs that the step lets go or drops. */
  async #devboxStep(before: JobRecord, after: JobRecord, now: number) {
    const id = devboxIdOf(after.spec);
    const mayMatter = before.state !== after.state || before.outcome !== after.outcome || before.attempt.number !== after.attempt.number;
    const record = id === undefined || isInDevBox(after) || !mayMatter ? undefined : await this.readDevBox(id);
    if (record === undefined) return undefined;
    const change = devboxAfter(record, {before, after}, now);
    if (change === undefined) return undefined;
    const others: {before: JobRecord; after: JobRecord}[] = [];
    const moment = this.moment();
    for (const other of await this.readMany([...(change.lift === undefined ? [] : [change.lift]), ...change.drop])) {
      if (other === undefined || hasEnded(other)) continue;
      const event: JobEvent =
        other.id === change.lift ? {type: 'lift'} : {type: 'cancel', actor: 'server', reason: 'its DevBox was removed'};
      const stepped = next(other, event, moment);
      if (stepped !== undefined) others.push({before: other, after: stepped});
    }
    return {before: record, after: change.after, others};
  }

  #parse(id: string, text: string): JobRecord | undefined {
    const record = text === '' ? undefined : recordOf(id, text);
    if (record !== undefined) return this.#keep(record);
    this.#cache.delete(id);
    if (text !== '' && !this.#damaged.has(id)) {
      if (this.#damaged.size < mostDamaged) this.#damaged.add(id);
      this.#options.onDamaged?.(id);
    }
    return undefined;
  }

  #keep(record: JobRecord): JobRecord {
    const known = this.#cache.get(record.id);
    if (known !== undefined && known.v > record.v) return record;
    this.#cache.delete(record.id);
    this.#cache.set(record.id, record);
    if (this.#cache.size > mostCached) this.#cache.delete(this.#cache.keys().next().value!);
    return record;
  }
}
