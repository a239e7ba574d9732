import type {Box} from '@boxyard/core/plugin-api';
import {MAX_CONTROL_BYTES, type BoxSeen, type FromAgent} from '@boxyard/core/protocol';
import type {Engines} from './engines.ts';
import type {Journal} from './journal.ts';

export interface InventoryDeps {
  readonly engines: Engines;
  readonly journal: Journal;
  readonly machine: string;
  readonly send: (message: FromAgent) => boolean;
  readonly log: (message: string, fields?: object) => void;
}

const LIST_MS = 15_000;
const AT_ONCE = 8;
const PAGE_BYTES = MAX_CONTROL_BYTES / 2;

/** What each engine holds of ours, as last seen. An engine that does not answer holds up no other, and says nothing about its boxes. */
export class Inventory {
  readonly #deps: InventoryDeps;
  /** `asOf` is drawn before the engine is asked: whatever is noted later may be missing in the answer (R9). */
  readonly #seen = new Map<string, {readonly asOf: number; readonly boxes: readonly BoxSeen[]}>();
  readonly #told = new Map<string, string>();
  readonly #asking = new Map<string, Promise<readonly Box[] | undefined>>();

  constructor(deps: InventoryDeps) {
    this.#deps = deps;
  }

  get running(): number {
    return [...this.#seen.values()].flatMap(one => one.boxes).filter(box => box.state === 'running').length;
  }

  seen(engine: string): readonly BoxSeen[] {
    return this.#seen.get(engine)?.boxes ?? [];
  }

  /** Asks every usable engine and tells the server what changed; `always` tells it in any case. */
  async tellAll(always: boolean): Promise<void> {
    const usable = this.#deps.engines.entries.filter(entry => entry.probe.usable);
    await Promise.all(usable.map(entry => this.tell(entry.name, always)));
  }

  async tell(engine: string, always: boolean): Promise<void> {
    const boxes = await this.look(engine);
    const found = this.#seen.get(engine);
    if (!boxes || !found) return;
    const {asOf, boxes: seen} = found;
    const text = JSON.stringify(seen);
    if (!always && this.#told.get(engine) === text) return;
    const pages = pagesOf(seen);
    const isSent = pages.every((page, index) =>
      this.#deps.send({type: 'worker.inventory', engine, complete: index === pages.length - 1, asOf, boxes: page}),
    );
    if (isSent) this.#told.set(engine, text);
  }

  /** Our boxes on this engine; undefined if it did not answer. Several askers at once share one question. */
  look(engine: string): Promise<readonly Box[] | undefined> {
    const asking = this.#asking.get(engine) ?? this.#look(engine).finally(() => this.#asking.delete(engine));
    this.#asking.set(engine, asking);
    return asking;
  }

  async #look(engine: string): Promise<readonly Box[] | undefined> {
    const {engines, machine, log} = this.#deps;
    const asOf = this.#deps.journal.next();
    try {
      const boxes = await engines.list(engine, {'io.boxyard.agent': machine}, LIST_MS);
      this.#seen.set(engine, {asOf, boxes: await inspectAll(boxes, box => this.#inspect(engine, box))});
      return boxes;
    } catch (error) {
      log('no inventory', {engine, error: String(error)});
      engines.suspect(engine);
      return undefined;
    }
  }

  async #inspect(engine: string, box: Box): Promise<BoxSeen | undefined> {
    const state = await this.#deps.engines.call(engine, 'inspect', (_, signal) => box.inspect(signal), {ms: LIST_MS});
    if (state.is === 'gone') return undefined;
    const exit = state.is === 'exited' ? {exit: state.exit} : {};
    return {name: box.name, labels: {...box.labels}, state: state.is, ...exit};
  }
}

async function inspectAll(boxes: readonly Box[], inspect: (box: Box) => Promise<BoxSeen | undefined>): Promise<BoxSeen[]> {
  const rest = [...boxes];
  const seen: BoxSeen[] = [];
  const worker = async () => {
    for (let box = rest.shift(); box; box = rest.shift()) {
      const one = await inspect(box);
      if (one) seen.push(one);
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  return seen.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Pages that fit a control frame; an empty inventory is one empty page. */
export function pagesOf(boxes: readonly BoxSeen[]): BoxSeen[][] {
  const pages: BoxSeen[][] = [[]];
  let size = 0;
  for (const box of boxes) {
    const bytes = JSON.stringify(box).length;
    if (size + bytes > PAGE_BYTES) {
      pages.push([]);
      size = 0;
    }
    pages.at(-1)!.push(box);
    size += bytes;
  }
  return pages;
}
