import type {z} from 'zod';
import type {JobView} from '../api/index.ts';
import type {JobRecord} from './rules-record.ts';
import type {JobStore} from './store.ts';

type View = z.infer<typeof JobView>;

const pollMs = 2_000;

/** Tells who watches a job of its changes: at once those made by this server, within 2 s those of another. */
export class JobWatchers {
  readonly #store: () => JobStore;
  readonly #listeners = new Map<string, Set<(record: JobRecord) => void>>();

  constructor(store: () => JobStore) {
    this.#store = store;
  }

  changed(record: JobRecord): void {
    for (const listener of this.#listeners.get(record.id) ?? []) listener(record);
    if (record.parent !== undefined) this.#ringParent(record.parent);
  }

  /** Calls back at once with what is now, then on changes; newest only, in order. */
  watch(id: string, view: (record: JobRecord) => Promise<View>, onChange: (job: View) => void): () => void {
    const look = this.#createLook(id, view, onChange);
    const unlisten = this.listen(id, () => look());
    const timer = setInterval(() => look(), pollMs);
    look();
    return () => {
      clearInterval(timer);
      look.stop();
      unlisten();
    };
  }

  /** Calls back on every change this server makes of the job. */
  listen(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(id, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  close(): void {
    this.#listeners.clear();
  }

  #createLook(id: string, view: (record: JobRecord) => Promise<View>, onChange: (job: View) => void) {
    let told = '';
    let isLooking = false;
    let hasRung = false;
    let isStopped = false;
    const run = async () => {
      while (hasRung && !isStopped) {
        hasRung = false;
        const record = await this.#store().read(id);
        if (record === undefined) continue;
        const now = await view(record);
        const text = JSON.stringify(now);
        if (text === told || isStopped) continue;
        told = text;
        onChange(now);
      }
    };
    const look = () => {
      hasRung = true;
      if (isLooking) return;
      isLooking = true;
      void run()
        // Redis is away: the next poll looks again.
        .catch(() => undefined)
        .finally(() => (isLooking = false));
    };
    return Object.assign(look, {stop: () => (isStopped = true)});
  }

  #ringParent(parent: string): void {
    const listeners = this.#listeners.get(parent);
    if (listeners === undefined) return;
    void this.#store()
      .get(parent)
      .then(record => record !== undefined && listeners.forEach(listener => listener(record)))
      .catch(() => undefined);
  }
}
