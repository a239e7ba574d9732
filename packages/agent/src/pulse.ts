import {existsSync} from 'node:fs';
import type {Connection} from './connection.ts';
import type {Clock} from './clock.ts';
import {DiskGuard, type DiskFigures} from './disk-guard.ts';
import type {Garbage} from './garbage.ts';
import {Vitals} from './heartbeat.ts';
import type {Inventory} from './inventory.ts';
import type {Jobs} from './jobs.ts';
import {SleepWatch} from './sleep-watch.ts';

export interface PulseDeps {
  readonly stateDir: string;
  readonly clock: Clock;
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
  #timer: NodeJS.Timeout | undefined;
  #heardAtBoot: number;

  constructor(deps: PulseDeps) {
    this.#deps = deps;
    this.#guard = new DiskGuard(deps.stateDir, deps.disk);
    this.#vitals = new Vitals(deps.stateDir);
    this.#sleep = new SleepWatch(deps.clock, sleptMs => this.#onWake(sleptMs));
    this.#heardAtBoot = deps.clock.bootMs();
  }

  start(everyMs: number): void {
    this.#sleep.start(everyMs / 2);
    this.every(everyMs);
  }

  /** The server says how often it wants to hear. */
  every(everyMs: number): void {
    clearInterval(this.#timer);
    this.beat();
    this.#timer = setInterval(() => this.beat(), everyMs);
  }

  beat(): void {
    const {jobs, inventory, connection, garbage, stateDir} = this.#deps;
    if (!existsSync(stateDir)) return this.#deps.onStateGone();
    jobs.noRoom = this.#guard.look();
    if (jobs.noRoom !== undefined) garbage.makeRoom();
    this.#checkTouch();
    connection.send(this.#vitals.read(inventory.running, jobs.noRoom !== undefined));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#sleep.stop();
  }

  #onWake(sleptMs: number): void {
    this.#deps.connection.send({type: 'worker.sleeping', state: 'woke', sleptMs});
    for (const job of this.#deps.jobs.live) job.lookAtClock();
    this.#checkTouch();
  }

  /** A job that may be run again elsewhere must not go on here when nobody has heard from us for its `stopAfterMs` (B8). */
  #checkTouch(): void {
    const {clock, connection, jobs} = this.#deps;
    const now = clock.bootMs();
    if (connection.isOpen) this.#heardAtBoot = Math.max(this.#heardAtBoot, now - connection.silentMs);
    const silentMs = now - this.#heardAtBoot;
    jobs.endAll({kind: 'out-of-touch'}, row => row.start.stopAfterMs !== undefined && silentMs > row.start.stopAfterMs);
  }
}
