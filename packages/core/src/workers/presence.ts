import type {Timing} from '../config/index.ts';
import {jobsOnWorker} from '../jobs/store-lists.ts';
import type {JobStore} from '../jobs/store.ts';
import {type WorkerRecord, describeAge, lostNow} from './rules.ts';
import type {Leases} from './store-connect.ts';
import type {WorkerStore} from './store.ts';
import type {TableNews, WorkerTable} from './table.ts';

export interface PresenceDeps {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly table: WorkerTable;
  readonly news: TableNews;
  readonly leases: Leases;
  readonly timing: Timing;
  /** Whether this server holds a socket of the worker. */
  readonly isConnected: (worker: string) => boolean;
  /** Whether another server that lives does. */
  readonly isHeldElsewhere: (worker: string) => Promise<boolean>;
  readonly nudge: (things: readonly string[]) => void;
}

/** Longer than that without a tick, no server could hear anybody. */
const mostBetweenTicksMs = (sweepMs: number): number => Math.max(3 * sweepMs, 5_000);

/** Says who is here: writes what sockets say, and once per sweep declares what the clock says (R21). */
export class Presence {
  readonly #deps: PresenceDeps;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  async connected(worker: string, connection: NonNullable<WorkerRecord['connection']>, more: Partial<WorkerRecord>): Promise<void> {
    const {heard} = await this.#deps.leases.pulse(mostBetweenTicksMs(this.#deps.timing.sweep));
    await this.#update(worker, record => ({
      after: {...record, ...more, connection, ...back(record, heard), lost: undefined, asleep: undefined},
      fact: {type: 'worker.connected', actor: `worker:${record.name}`, data: {}},
    }));
    this.#deps.nudge([`w:${worker}`]);
  }

  async disconnected(worker: string, epoch: number, why: string): Promise<void> {
    const {heard} = await this.#deps.leases.pulse(mostBetweenTicksMs(this.#deps.timing.sweep));
    const now = this.#deps.store.rim.clock.now();
    await this.#update(worker, record => {
      if (record.away !== undefined || (record.connection?.epoch ?? 0) > epoch) return undefined;
      return {after: {...record, away: {at: now, heard}}, fact: {type: 'worker.disconnected', actor: `worker:${record.name}`, data: {why}}};
    });
  }

  /** A machine that says it goes to sleep is not lost; its `retry` jobs are, at once: it has stopped them. */
  async sleeping(worker: string, isAsleep: boolean): Promise<void> {
    const now = this.#deps.store.rim.clock.now();
    await this.#update(worker, record => {
      if ((record.asleep !== undefined) === isAsleep) return undefined;
      const fact = {type: isAsleep ? 'worker.asleep' : 'worker.woke', actor: `worker:${record.name}`, data: {}};
      return {after: {...record, asleep: isAsleep ? {at: now} : undefined}, fact};
    });
    if (isAsleep) await this.#lose(worker, 'asleep', 'Its worker went to sleep.', 'retry');
  }

  /** Once per sweep, on every server; safe at once. */
  async tick(): Promise<void> {
    const clock = await this.#deps.leases.pulse(mostBetweenTicksMs(this.#deps.timing.sweep));
    await this.#deps.news();
    await this.#findUnheld();
    for (;;) {
      const found = lostNow(
        this.#deps.table.all().map(entry => entry.record),
        clock,
        this.#deps.timing,
      );
      if (found === undefined) break;
      await this.#declareLost(found.worker);
      if (!found.isMass) continue;
      await this.#deps.leases.markMassLost(clock.heard);
      break;
    }
    await this.#loseSleepers();
  }

  /** Workers that the record calls connected and no living server holds: their server died, or could not write. */
  async #findUnheld(): Promise<void> {
    for (const {record} of this.#deps.table.all()) {
      if (record.connection === undefined || record.away !== undefined || this.#deps.isConnected(record.id)) continue;
      if (await this.#deps.isHeldElsewhere(record.id)) continue;
      await this.disconnected(record.id, record.connection.epoch, 'its server ended');
    }
  }

  async #declareLost(worker: WorkerRecord): Promise<void> {
    const now = this.#deps.store.rim.clock.now();
    await this.#lose(worker.id, 'agent_lost', `${worker.name} has been away for ${describeAge(now - worker.away!.at)}.`);
    const after = await this.#update(worker.id, record =>
      record.away === undefined ? undefined : {after: {...record, lost: {at: now}}, fact: {type: 'worker.lost', actor: 'server', data: {}}},
    );
    // A worker that came back meanwhile, or went: the table must not offer it again.
    if (after === undefined) this.#deps.table.delete(worker.id);
  }

  async #loseSleepers(): Promise<void> {
    const now = this.#deps.store.rim.clock.now();
    for (const {record} of this.#deps.table.all())
      if (record.asleep !== undefined && now - record.asleep.at >= this.#deps.timing.asleepLost)
        await this.#lose(record.id, 'agent_lost', `${record.name} has been asleep for ${describeAge(now - record.asleep.at)}.`);
  }

  async #lose(worker: string, code: string, message: string, only?: 'retry'): Promise<void> {
    const {store} = this.#deps;
    for (const id of await jobsOnWorker(store, worker)) {
      const record = await store.get(id);
      if (only !== undefined && record?.spec.ifLost !== only) continue;
      await store.step(id, {type: 'lost', code, message}, {actor: 'server'});
    }
  }

  async #update(worker: string, change: Parameters<WorkerStore['update']>[1]): Promise<WorkerRecord | undefined> {
    const after = await this.#deps.workers.update(worker, change);
    if (after !== undefined) this.#deps.table.set(after);
    return after;
  }
}

const back = ({away, wasAway}: WorkerRecord, heard: number): Pick<WorkerRecord, 'away' | 'wasAway'> => ({
  away: undefined,
  wasAway: away === undefined ? wasAway : {heard: away.heard, until: heard},
});
