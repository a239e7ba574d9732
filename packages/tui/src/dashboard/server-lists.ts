import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import type {Item, ListName, Sent} from './data.ts';
import type {Understood} from './understood.ts';

/** What a server has, as far as it is understood. Rejects where it does not answer, or with what is no list. */
export class ServerLists {
  readonly understood: Understood;
  readonly #client: Client;
  readonly #signal: AbortSignal;

  constructor(client: Client, understood: Understood, signal: AbortSignal) {
    this.understood = understood;
    this.#client = client;
    this.#signal = signal;
  }

  async all(list: ListName): Promise<readonly Item<ListName>[]> {
    const [client, signal] = [this.#client, this.#signal];
    const read: (value: unknown) => readonly Item<ListName>[] = this.understood[list];
    if (list === 'jobs') return (await this.#allJobs()).flatMap(read);
    if (list === 'images') return itemsOf(await client.imagesList({signal})).flatMap(read);
    if (list === 'clusters') return itemsOf(await client.clustersList({signal})).flatMap(read);
    if (list === 'plugins') return itemsOf(await client.pluginsList({signal})).flatMap(read);
    if (list === 'webhooks') return itemsOf(await client.webhooksList({signal})).flatMap(read);
    return itemsOf(await (list === 'workers' ? client.workersList({signal}) : client.devboxesList({signal}))).flatMap(read);
  }

  async one(list: 'jobs' | 'devboxes' | 'workers', id: string): Promise<readonly Item<ListName>[]> {
    const [client, signal] = [this.#client, this.#signal];
    const read: (value: unknown) => readonly Item<ListName>[] = this.understood[list];
    if (list === 'jobs') return read(await client.jobsShow({job: id, signal}));
    return read(await (list === 'workers' ? client.workersShow({worker: id, signal}) : client.devboxesShow({devbox: id, signal})));
  }

  /** What one webhook was sent, and what was given up. */
  async sent(webhook: string): Promise<Sent> {
    const [client, signal] = [this.#client, this.#signal];
    const [deliveries, letters] = await Promise.all([
      client.webhooksDeliveries({webhook, query: {limit: 200}, signal}),
      client.webhooksDeadLetters({webhook, signal}),
    ]);
    return {
      webhook,
      deliveries: itemsOf(deliveries).flatMap(this.understood.deliveries),
      letters: itemsOf(letters).flatMap(this.understood.letters),
    };
  }

  async children(parent: string): Promise<readonly JobView[]> {
    const page = await this.#client.jobsList({query: {parent, limit: 1_000}, signal: this.#signal});
    return itemsOf(page).flatMap(this.understood.jobs);
  }

  /** The newest, and however many came after them: what has not ended, and the newest that went wrong. */
  async #allJobs(): Promise<readonly unknown[]> {
    const [client, signal] = [this.#client, this.#signal];
    const lists = await Promise.all([
      client.jobsList({query: {limit: 300}, signal}),
      client.jobsList({query: {limit: 1_000, state: 'running'}, signal}),
      client.jobsList({query: {limit: 1_000, state: 'queued'}, signal}),
      client.jobsList({query: {limit: 300, outcome: 'failed'}, signal}),
      client.jobsList({query: {limit: 300, outcome: 'lost'}, signal}),
    ]);
    return [...new Map(lists.flatMap(itemsOf).map(job => [(job as Partial<JobView> | null)?.id, job])).values()];
  }
}

/** Whatever an answer is. */
function itemsOf(page: unknown): readonly unknown[] {
  const {items} = (page ?? {}) as {items?: unknown};
  if (!Array.isArray(items)) throw new Error('The server answered with something that is no list.');
  return items;
}
