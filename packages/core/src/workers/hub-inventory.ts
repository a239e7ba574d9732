import {devboxSeen} from '../devboxes/rules.ts';
import {versionPrefix} from '../jobs/rules-record.ts';
import {addDevBoxEffects} from '../jobs/store-effects.ts';
import type {JobStore} from '../jobs/store.ts';
import type {BoxSeen, FromAgent} from '../protocol/index.ts';
import type {AgentLink} from './agent-link.ts';
import {devboxesOn, giveBackStrays} from './store-boxes.ts';
import type {WorkerStore} from './store.ts';

type Page = Extract<FromAgent, {type: 'worker.inventory'}>;

export interface InventoryDeps {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly onWorker: (record: NonNullable<Awaited<ReturnType<WorkerStore['update']>>>) => void;
}

/** An agent that says more than a machine can hold is not listened to: what it says is kept here until it is whole. */
const mostPendingBytes = 16 * 1024 * 1024;
const mostOrphans = 1_000;
const mostOrphanBytes = 512 * 1024;

/** Pages of what each engine holds; they mean something once the last one is there (R9). */
export class Inventories {
  readonly #link: AgentLink;
  readonly #deps: InventoryDeps;
  readonly #pages = new Map<string, BoxSeen[]>();
  #pendingBytes = 0;

  constructor(link: AgentLink, deps: InventoryDeps) {
    this.#link = link;
    this.#deps = deps;
  }

  async page(message: Page): Promise<void> {
    const boxes = this.#pages.get(message.engine) ?? [];
    this.#pages.set(message.engine, boxes);
    this.#pendingBytes += JSON.stringify(message).length;
    if (this.#pendingBytes > mostPendingBytes) {
      this.#pages.clear();
      return this.#link.close(1008, 'inventory too large');
    }
    boxes.push(...message.boxes);
    if (!message.complete) return;
    this.#pages.delete(message.engine);
    if (this.#pages.size === 0) this.#pendingBytes = 0;
    await this.#apply(message.engine, boxes, message.asOf);
  }

  async #apply(engine: string, boxes: readonly BoxSeen[], asOf: number): Promise<void> {
    const {worker, tenant} = this.#link.identity;
    const {store} = this.#deps;
    const known = await devboxesOn(store, worker);
    const found = new Map(boxes.map(box => [box.name, box]));
    for (const record of known) {
      if (record.engine !== engine || record.box === undefined) continue;
      const box = found.get(record.box);
      const exitCode = box?.exit !== undefined && 'code' in box.exit ? box.exit.code : undefined;
      const seen = box === undefined ? undefined : {state: box.state, ...(exitCode === undefined ? {} : {exitCode})};
      const after = devboxSeen(record, seen, asOf, store.rim.clock.now());
      if (after === undefined) continue;
      const context = store.context(`worker:${this.#link.identity.name}`);
      await store.rim.commit(change => {
        change.is('devbox', store.rim.keys.devbox(record.id), versionPrefix(record.v));
        addDevBoxEffects(change, record, after, context);
      });
    }
    const names = new Set(known.map(record => record.box));
    const isOrphan = (box: BoxSeen) =>
      box.labels['io.boxyard.kind'] === 'devbox' && box.labels['io.boxyard.tenant'] === tenant && !names.has(box.name);
    await this.#noteOrphans(engine, boxes.filter(isOrphan));
    await giveBackStrays(store, worker);
  }

  async #noteOrphans(engine: string, orphans: readonly BoxSeen[]): Promise<void> {
    const after = await this.#deps.workers.update(this.#link.identity.worker, record => {
      const others = record.orphans.filter(box => box.engine !== engine);
      const all = fitting([...others, ...orphans.map(box => ({...box, engine}))]);
      if (JSON.stringify(all) === JSON.stringify(record.orphans)) return undefined;
      return {
        after: {...record, orphans: all},
        fact: {type: 'worker.orphans', actor: `worker:${record.name}`, data: {orphans: all.length}},
      };
    });
    if (after !== undefined) this.#deps.onWorker(after);
  }
}

/** The first that the worker's record has room for. */
function fitting(orphans: readonly (BoxSeen & {engine: string})[]): (BoxSeen & {engine: string})[] {
  let bytes = 0;
  return orphans.slice(0, mostOrphans).filter(box => (bytes += JSON.stringify(box).length) <= mostOrphanBytes);
}
