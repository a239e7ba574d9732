import {existsSync} from 'node:fs';
import type {Connection} from './connection.ts';
import {bootId, type Clock} from './clock.ts';
import {DiskGuard, type DiskFigures} from './disk-guard.ts';
import type {Garbage} from './garbage.ts';
import {Vitals} from './heartbeat.ts';
import type {Inventory} from './inventory.ts';
import type {Jobs} from './jobs.ts';
import type {Journal} from './journal.ts';
import {SleepSignal} from './sleep-signal.ts';
import {SleepWatch} from './sleep-watch.ts';

export interface PulseDeps {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly offlineAfter: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (message: string, fields?: object) => void;
  readonly jobs: Jobs;
  readonly inventory: Inventory;
  readonly connection: Connection;
  readonly garbage: Garbage;
  readonly disk: (dir: string) => DiskFigures;
  /** Whoever removed the state directory wants no agent on it any more. */
  readonly onStateGone: () => void;
}

/** What happens on every beat: figures to the server, a look at the disk, at the time since anybody heard us, and for a sleep. */
export class Pulse {
  readonly #deps: PulseDeps;
  readonly #guard: DiskGuard;
  readonly #vitals: Vitals;
  readonly #sleep: SleepWatch;
  readonly #signal: SleepSignal;
  #timer: NodeJS.Timeout | undefined;
  #heardAt: number;
  #slept: {readonly ms: number; toldAt: number | undefined} | undefined;

  constructor(deps: PulseDeps) {
    this.#deps = deps;
    this.#guard = new DiskGuard(deps.stateDir, deps.disk);
    this.#vitals = new Vitals(deps.stateDir);
    this.#sleep = new SleepWatch(deps.clock, sleptMs => this.#onWake(sleptMs));
    this.#signal = new SleepSignal(isGoing => (isGoing ? this.#onGoing() : this.#onSignalledWake()));
    // An agent that was dead has not been heard either, unless the machine itself has started since: then no job runs here.
    this.#heardAt = heardBefore(deps.journal) ?? deps.clock.bootMs();
  }

  /** For how long nobody has heard of this worker. */
  get silentMs(): number {
    return this.#deps.clock.bootMs() - this.#heardAt;
  }

  start(everyMs: number): void {
    this.#sleep.start(everyMs / 2);
    void this.#signal
      .start(this.#deps.env)
      .then(why => why !== undefined && this.#deps.log('no word of sleep from logind', {why, level: 'debug'}));
    this.every(everyMs);
  }

  /** The server says how often it wants to hear. */
  every(everyMs: number): void {
    clearInterval(this.#timer);
    this.beat();
    this.#timer = setInterval(() => this.beat(), everyMs);
  }

  /** `isDiskSuspect`: something could not be written. */
  beat(isDiskSuspect = false): void {
    const {jobs, inventory, connection, garbage, stateDir} = this.#deps;
    if (!existsSync(stateDir)) return this.#deps.onStateGone();
    jobs.noRoom = this.#guard.look(isDiskSuspect || jobs.live.next().done !== true);
    if (jobs.noRoom !== undefined) garbage.makeRoom();
    this.#checkTouch();
    connection.send(this.#vitals.read(inventory.running, jobs.noRoom !== undefined));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#sleep.stop();
    this.#signal.stop();
  }

  /** A new connection: a sleep that nobody was told of yet is told first. */
  opened(): void {
    this.#tellSlept();
  }

  /** What was said last on a connection may have been lost with it. */
  closed(): void {
    if (this.#slept) this.#slept.toldAt = undefined;
  }

  /** Being heard again does not undo the silence before it: what may have begun elsewhere meanwhile ends here. */
  heard(atBootMs: number): void {
    const {jobs} = this.#deps;
    if (atBootMs <= this.#heardAt) return;
    jobs.endOutOfTouch(atBootMs - this.#heardAt);
    this.#heardAt = atBootMs;
    if (jobs.mayGoOnElsewhere) this.noteTouch();
    if (this.#slept?.toldAt !== undefined && atBootMs > this.#slept.toldAt) this.#slept = undefined;
  }

  /** For the next agent on this directory: until when the server has heard of the jobs that it may run again elsewhere. */
  noteTouch(): void {
    this.#deps.journal.setMeta('heard', `${bootId()} ${this.#heardAt}`).catch(() => undefined);
  }

  /** The server runs elsewhere at once what may run elsewhere, so here it ends; unless the server cannot be told. */
  #onGoing(): void {
    const {connection, jobs} = this.#deps;
    if (connection.send({type: 'worker.sleeping', state: 'going-to-sleep'})) jobs.endOutOfTouch(Infinity);
  }

  /** Also where it did not sleep after all: the server has been told that it would. */
  #onSignalledWake(): void {
    this.#sleep.look();
    if (this.#slept !== undefined) return;
    this.#slept = {ms: 0, toldAt: undefined};
    this.#tellSlept();
  }

  /** In this order: what must not run any more ends before anything else is done. A socket that slept for long is dead. */
  #onWake(sleptMs: number): void {
    const {jobs, connection, offlineAfter} = this.#deps;
    this.#checkTouch();
    for (const job of jobs.live) job.lookAtClock();
    this.#slept = {ms: sleptMs + (this.#slept?.ms ?? 0), toldAt: undefined};
    if (sleptMs >= offlineAfter) connection.renew();
    this.#tellSlept();
  }

  /** Again on every connection until the server has certainly heard something that was said later. */
  #tellSlept(): void {
    const {connection, clock} = this.#deps;
    const slept = this.#slept;
    if (slept && connection.send({type: 'worker.sleeping', state: 'woke', sleptMs: slept.ms})) slept.toldAt = clock.bootMs();
  }

  #checkTouch(): void {
    this.#deps.jobs.endOutOfTouch(this.silentMs);
  }
}

function heardBefore(journal: Journal): number | undefined {
  const [boot, at] = (journal.meta('heard') ?? '').split(' ');
  return boot === bootId() && Number.isFinite(Number(at)) ? Number(at) : undefined;
}
