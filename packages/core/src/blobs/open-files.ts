import {StreamFile} from './stream-file.ts';

const idleMs = 20_000;
const syncAfterMs = 100;
const syncAfterBytes = 1024 * 1024;

/** The stream files in use: one object per path, synced in groups (every 100 ms or 1 MiB), closed when idle. */
export class OpenFiles {
  readonly #files = new Map<string, Promise<StreamFile>>();
  readonly #dirty = new Map<StreamFile, Set<() => void>>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #sweeper: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #dirtyBytes = 0;

  constructor() {
    this.#sweeper = setInterval(() => void this.#closeIdle(), idleMs / 2);
    this.#sweeper.unref();
  }

  open(path: string): Promise<StreamFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = StreamFile.open(path);
    this.#files.set(path, opening);
    opening.catch(() => this.#files.delete(path));
    return opening;
  }

  /** The file if it is open here: its length is newer than what the disk says. */
  find(path: string): Promise<StreamFile> | undefined {
    return this.#files.get(path);
  }

  /** Bytes were written: `onStored` is called once they are on disk. */
  written(file: StreamFile, bytes: number, onStored: () => void): void {
    const waiting = this.#dirty.get(file) ?? new Set();
    waiting.add(onStored);
    this.#dirty.set(file, waiting);
    this.#dirtyBytes += bytes;
    this.changed(file.path);
    if (this.#dirtyBytes >= syncAfterBytes) return this.#flush();
    this.#timer ??= setTimeout(() => this.#flush(), syncAfterMs);
  }

  changed(path: string): void {
    for (const watcher of this.#watchers.get(path) ?? []) watcher();
  }

  watch(path: string, watcher: () => void): () => void {
    const watchers = this.#watchers.get(path) ?? new Set();
    watchers.add(watcher);
    this.#watchers.set(path, watchers);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(path);
    };
  }

  async forget(prefix: string): Promise<void> {
    for (const [path, opening] of this.#files)
      if (path.startsWith(prefix)) {
        this.#files.delete(path);
        await opening.then(file => file.close()).catch(() => undefined);
      }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    clearTimeout(this.#timer);
    await Promise.all([...this.#files.values()].map(opening => opening.then(file => file.close()).catch(() => undefined)));
    this.#files.clear();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirtyBytes = 0;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const [file, waiting] of dirty)
      void file
        .sync()
        .then(() => waiting.forEach(onStored => onStored()))
        // A full disk: nothing is acknowledged, so the worker keeps it and sends it again.
        .catch(() => undefined);
  }

  async #closeIdle(): Promise<void> {
    const before = performance.now() - idleMs;
    for (const [path, opening] of this.#files) {
      const file = await opening.catch(() => undefined);
      if (file === undefined || file.lastUse > before || this.#dirty.has(file)) continue;
      this.#files.delete(path);
      await file.close().catch(() => undefined);
    }
  }
}
