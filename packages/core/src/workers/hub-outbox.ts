import {type JobRecord, isOnWorker} from '../jobs/rules-record.ts';
import type {OutboxEntry} from '../jobs/store-effects.ts';
import type {JobStore} from '../jobs/store.ts';
import type {AgentLink} from './agent-link.ts';
import {type StartContext, jobStart} from './job-start.ts';
import type {OutboxItem, Outboxes} from './store-outbox.ts';

const batch = 500;

export interface DeliveryDeps {
  readonly store: JobStore;
  readonly outboxes: Outboxes;
  readonly start: StartContext;
  readonly onFault: (error: unknown) => void;
}

/** Delivers one worker's outbox over its socket, in order, from its beginning on every connection: commands are idempotent. */
export class Delivery {
  readonly #link: AgentLink;
  readonly #deps: DeliveryDeps;
  #after = '0';
  #isReading = false;
  #hasRung = false;

  constructor(link: AgentLink, deps: DeliveryDeps) {
    this.#link = link;
    this.#deps = deps;
  }

  /** There may be something new. */
  ring(): void {
    this.#hasRung = true;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read()
      .catch(this.#deps.onFault)
      .finally(() => {
        this.#isReading = false;
        if (this.#hasRung && this.#link.isOpen) this.ring();
      });
  }

  /** After Redis may have rolled back: entry numbers mean nothing any more. */
  restart(): void {
    this.#after = '0';
    this.ring();
  }

  async #read(): Promise<void> {
    while (this.#hasRung && this.#link.isOpen) {
      this.#hasRung = false;
      for (;;) {
        const items = await this.#deps.outboxes.read(this.#link.identity.worker, this.#after, batch);
        const records = await Promise.all(items.map(item => this.#deps.store.get(entryOf(item).job)));
        for (const [at, item] of items.entries()) this.#deliver(item, records[at]);
        if (items.length > 0) this.#after = items.at(-1)!.entry;
        if (items.length < batch || !this.#link.isOpen) break;
      }
    }
  }

  #deliver(item: OutboxItem, record: Awaited<ReturnType<JobStore['get']>>): void {
    const {do: what, attempt} = entryOf(item);
    const isOurs = record?.worker?.id === this.#link.identity.worker && record.attempt.id === attempt;
    if (record === undefined || !isOurs) return;
    if (!isOnWorker(record) && !(what === 'cancel' && isUnheardCancel(record))) return;
    if (what === 'start') return this.#link.send(jobStart(record, item.entry, this.#deps.start));
    this.#link.send({
      type: 'job.cancel',
      entry: item.entry,
      job: record.id,
      attempt: record.attempt,
      reason: record.cancel?.reason ?? 'cancelled',
      graceMs: record.spec.graceMs,
    });
  }
}

/** The server ended it alone while its worker was away: the program there may still run. */
const isUnheardCancel = (record: JobRecord): boolean => record.source === 'server' && record.cancel?.confirmed === false;

const entryOf = (item: OutboxItem): OutboxEntry => JSON.parse(item.json) as OutboxEntry;
