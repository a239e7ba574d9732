import {watch, type FSWatcher} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';

/** Owned by who made it. */
export interface WatchedFolder extends Disposable {
  /** Resolves at the first change since the last call, or after `atMostMs`: not every system can tell. Rejects when `signal` aborts. */
  changed(atMostMs: number, signal?: AbortSignal): Promise<void>;
}

/** Wakes who waits for a file in `dir` (which must exist); every change since it was made counts. One waiter at a time. */
export function watchFolder(dir: string): WatchedFolder {
  let wake = Promise.withResolvers<void>();
  const watcher = watching(dir, () => wake.resolve());
  return {
    async changed(atMostMs, signal) {
      const ended = new AbortController();
      const either = AbortSignal.any([ended.signal, ...(signal === undefined ? [] : [signal])]);
      await Promise.race([wake.promise, delay(atMostMs, undefined, {signal: either})]).finally(() => ended.abort());
      wake = Promise.withResolvers<void>();
    },
    [Symbol.dispose]: () => watcher?.close(),
  };
}

/** Undefined where the system has no more watches to give. */
function watching(dir: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dir, {persistent: false}, onChange);
    return watcher.on('error', () => undefined);
  } catch {
    return undefined;
  }
}
