import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, asBoxyardError, toWire, type WireError} from '@boxyard/core/errors';
import type {Attempt, Exit, FromAgent, Phase} from '@boxyard/core/protocol';
import {isHostLost} from './host-client.ts';
import type {JobResult, JobRow, JobStart} from './journal.ts';
import {reportedResult} from './session-host/job-reports.ts';
import type {ReportedProgress} from './session-host/wire.ts';
import {perform, type Parts, type StepContext} from './steps/index.ts';
import {feedOf} from './steps/stdin.ts';
import {BootTimer} from './boot-timer.ts';
import {isOneMark, isProgram, isWatched} from './starting.ts';
import {writtenOf} from './written.ts';

/** Why a job ends before its program does by itself. The first one counts. */
export type Ending =
  | {readonly kind: 'cancelled'; readonly reason: string; readonly graceMs: number}
  | {readonly kind: 'deadline' | 'superseded' | 'out-of-touch'}
  | {readonly kind: 'failed'; readonly error: BoxyardError; readonly reason: string};

type End = Partial<Pick<JobResult, 'exit' | 'image' | 'out' | 'directory'>>;
const FORCED_AFTER_MS = 15_000;
const TELL_AFTER_MS = 100;

/**
 * One attempt on this worker: does its steps in order from where the journal says, keeps its phases, and makes its one
 * result. `done` resolves when the result is in the journal, or at once if the attempt was superseded.
 */
export class Job {
  readonly row: JobRow;
  readonly done: Promise<void>;
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  readonly #phases: Phase[];
  readonly #isResumed: boolean;
  readonly #made: StepContext['made'] = new Map();
  #end: End = {};
  #ending: Ending | undefined;
  #usedHost = false;
  #deadline: BootTimer | undefined;
  #lastProgress = 0;
  #telling: NodeJS.Timeout | undefined;

  constructor(row: JobRow, parts: Parts) {
    this.row = row;
    this.#parts = parts;
    this.#phases = row.phases.filter(phase => phase.endedAt !== undefined);
    this.#isResumed = row.state === 'running';
    if (row.cancel) this.#ending = {kind: 'cancelled', ...row.cancel};
    // The one who starts it looks at `done` first: steps begin in the next turn.
    this.done = new Promise<void>(resolve => setImmediate(resolve)).then(() => this.#run());
  }

  get of(): {job: string; attempt: Attempt} {
    return {job: this.row.job, attempt: this.row.attempt};
  }

  /** Idempotent; the first cause wins. */
  endEarly(ending: Ending): void {
    if (this.#ending || this.row.state === 'ended') return;
    this.#ending = ending;
    this.#abort.abort(new BoxyardError('INTERRUPTED'));
  }

  /** A wake from sleep: the deadline is looked at again. */
  lookAtClock(): void {
    this.#deadline?.look();
  }

  /** Says how far it is, a moment later: of a short job the result says it all. */
  tell(afterMs = TELL_AFTER_MS): void {
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.#parts.send(this.update()), afterMs);
  }

  update(): FromAgent {
    const state = this.row.state === 'accepted' ? 'accepted' : 'running';
    return {type: 'job.update', ...this.of, state, phases: [...this.#phases]};
  }

  async #run(): Promise<void> {
    if (this.#ending) this.#abort.abort(new BoxyardError('INTERRUPTED'));
    if (this.row.state === 'running') this.#countDown();
    const error = await this.#steps().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    this.#deadline?.stop();
    clearTimeout(this.#telling);
    feedOf(this.row)?.close();
    if (this.#ending) await this.#killHeld();
    if (this.#ending?.kind === 'superseded') return;
    await this.#conclude(error);
  }

  async #steps(): Promise<void> {
    const {steps} = this.row.start;
    const hasProgram = steps.some(isProgram);
    while (this.row.finished < steps.length) {
      const index = this.row.finished;
      const step = steps[index]!;
      const context = this.#context(index);
      if (this.#ending && step.do !== 'container.wait') throw this.#abort.signal.reason;
      if (!hasProgram) context.running();
      await this.#within(perform(context, step));
      this.row.finished = index + 1;
      this.row.isStarting = this.row.isStarting && isOneMark(step, steps[index + 1]);
      // Not waited for: doing a step again is harmless, and the next wait on the journal covers it.
      if (index + 1 < steps.length) this.#note();
    }
  }

  /** A step that does not end although the job was told to is left behind after its grace and a while. */
  async #within(work: Promise<void>): Promise<void> {
    const forced = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      timer = setTimeout(() => forced.reject(this.#abort.signal.reason as Error), this.#graceMs + FORCED_AFTER_MS);
    };
    if (this.#abort.signal.aborted) arm();
    else this.#abort.signal.addEventListener('abort', arm, {once: true});
    try {
      await Promise.race([work, forced.promise]);
    } finally {
      clearTimeout(timer);
      this.#abort.signal.removeEventListener('abort', arm);
      work.catch(() => undefined);
    }
  }

  /** Programs that go on although nobody waits for them, as after a restart into a cancel. A main process ends with its box. */
  async #killHeld(): Promise<void> {
    const {held, host} = this.#parts;
    const live = held.live(this.of).filter(state => state.slot !== 'main');
    const ends = live.map(async state => {
      await host.kill(state, this.#graceMs);
      await held.ended(state);
    });
    await Promise.race([Promise.allSettled(ends), delay(this.#graceMs + FORCED_AFTER_MS, undefined, {ref: false})]);
  }

  get #graceMs(): number {
    if (this.#ending?.kind === 'cancelled') return this.#ending.graceMs;
    // Killed at once: a program that is asked would first see an end of its input that nobody sent (R11).
    return this.#ending?.kind === 'failed' ? 0 : this.row.start.graceMs;
  }

  #context(index: number): StepContext {
    const start: JobStart = this.row.start;
    const graceMs = () => this.#graceMs;
    return {
      parts: this.#parts,
      row: this.row,
      start,
      of: this.of,
      index,
      isRepeat: this.#isResumed,
      made: this.#made,
      signal: this.#abort.signal,
      get graceMs() {
        return graceMs();
      },
      phase: (name, work, detail) => this.#phase(name, work, detail),
      log: text => this.log(text),
      progress: (step, done, total) => this.#progress(step, done, total),
      running: () => this.#running(),
      starting: () => this.#starting(),
      ends: end => void (this.#end = {...this.#end, ...end}),
      fail: (error, reason) => this.endEarly({kind: 'failed', error, reason}),
    };
  }

  async #phase<T>(name: string, work: () => Promise<T>, detail?: string): Promise<T> {
    const phase: Phase = {name, startedAt: this.#parts.clock.nowMs(), ...(detail === undefined ? {} : {detail})};
    this.#phases.push(phase);
    if (name !== 'run' && name !== 'create' && name !== 'start') this.tell();
    try {
      return await work();
    } finally {
      phase.endedAt = this.#parts.clock.nowMs();
    }
  }

  /** A line for its stream `log`; what comes after its end is dropped. */
  async log(text: string): Promise<void> {
    if (this.row.state === 'ended') return;
    this.#usedHost = true;
    await this.#parts.host.append(this.of, text).catch((error: unknown) => {
      if (!isHostLost(error)) this.#parts.log('log line lost', {...this.of, error: String(error)});
    });
  }

  #progress(step: string, done: number, total?: number): void {
    const now = performance.now();
    if (now - this.#lastProgress < 500) return;
    this.#lastProgress = now;
    this.tellProgress({step, done, ...(total === undefined ? {} : {total})});
  }

  tellProgress(progress: ReportedProgress): void {
    if (this.row.state === 'ended') return;
    this.#parts.send({...(this.update() as Extract<FromAgent, {type: 'job.update'}>), progress});
  }

  #running(): void {
    if (this.row.state !== 'accepted') return;
    this.row.state = 'running';
    this.row.isStarting = false;
    this.row.runningAt = this.#parts.clock.bootMs();
    this.#note();
    // Who looks on is let in when it runs.
    this.tell(this.row.start.steps.some(isWatched) ? 0 : TELL_AFTER_MS);
    this.#countDown();
  }

  #countDown(): void {
    const {timeoutMs} = this.row.start;
    if (timeoutMs === undefined || this.row.runningAt === undefined) return;
    this.#deadline = new BootTimer(this.#parts.clock, this.row.runningAt + timeoutMs, () => this.endEarly({kind: 'deadline'}));
  }

  async #starting(): Promise<void> {
    if (this.row.isStarting || this.row.state !== 'accepted') return;
    this.row.isStarting = true;
    await this.#parts.journal.put(this.row);
  }

  #note(): void {
    this.row.phases = [...this.#phases];
    this.#parts.journal.note(this.row);
  }

  async #conclude(error: unknown): Promise<void> {
    const {journal} = this.#parts;
    const {lengths, gaps} = await writtenOf(this.#parts, this.of, this.#usedHost);
    const reported = reportedResult(this.#parts.stateDir, this.of);
    this.#parts.crash('before-result');
    this.row.result = {
      type: 'job.result',
      ...this.of,
      ...this.#outcome(error),
      logEnd: lengths,
      gaps,
      phases: this.#phases,
      asOf: journal.next(),
      ...this.#boxName(),
      ...(reported === undefined ? {} : {reported}),
      ...(this.#end.out ? {out: this.#end.out} : {}),
      ...(this.#end.image ? {image: this.#end.image} : {}),
      ...(this.#end.directory ? {directory: this.#end.directory} : {}),
    };
    this.row.state = 'ended';
    this.row.phases = this.#phases;
    this.row.isStarting = false;
    await this.#keep();
    this.#parts.send(this.row.result);
    this.#parts.outputs.finish(this.of, lengths, gaps);
  }

  /** A result is not given up: a disk that is full now may have room in a moment. */
  async #keep(): Promise<void> {
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 10_000)) {
      try {
        return await this.#parts.journal.put(this.row);
      } catch (error) {
        this.#parts.log('a result could not be journalled yet', {...this.of, error: String(error)});
        await delay(waitMs, undefined, {ref: false});
      }
    }
  }

  #boxName(): {box?: string} {
    const names = this.row.start.steps.map(step =>
      step.do === 'container.create' ? step.spec.name : 'box' in step ? step.box : undefined,
    );
    const box = names.find(name => name !== undefined);
    return box === undefined ? {} : {box};
  }

  /** A program that ended by itself before anybody stopped it keeps its exit. */
  #outcome(error: unknown): {exit?: Exit; error?: WireError; cancelled?: string; reason?: string} {
    const ending = this.#ending;
    if (ending?.kind === 'cancelled') return {cancelled: ending.reason};
    if (ending?.kind === 'deadline') return {cancelled: 'deadline', reason: 'deadline'};
    if (ending?.kind === 'out-of-touch') return {exit: {unknown: 'out_of_touch'}, reason: 'out_of_touch'};
    if (ending?.kind === 'failed') return {cancelled: ending.reason, reason: ending.reason};
    if (error !== undefined) return this.#failure(asBoxyardError(error));
    const exit = this.#end.exit ?? {code: 0};
    return 'unknown' in exit ? {exit, reason: exit.unknown} : {exit};
  }

  #failure(error: BoxyardError): {exit?: Exit; error?: WireError; reason?: string} {
    if (error.code === 'INTERNAL')
      this.#parts.log('a job failed inside', {...this.of, error: String(error.cause ?? error), stack: (error.cause as Error)?.stack});
    const hasCreated = this.row.start.steps.slice(0, this.row.finished).some(step => step.do === 'container.create');
    const isGone = error.code === 'NOT_FOUND' && error.details['what'] === 'container' && hasCreated;
    return isGone ? {exit: {unknown: 'container_missing'}, reason: 'container_missing'} : {error: toWire(error)};
  }
}
