import type {Blobs} from '../blobs/blobs.ts';
import type {EventStore} from '../events/store.ts';
import type {Tenants} from './store-prepare.ts';
import {dropHistory} from './store-history.ts';
import type {JobStore} from './store.ts';

export interface TidyDeps {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly events: EventStore;
  readonly tenants: Tenants;
  /** Behind which event of a tenant somebody still has to read on (R18). */
  /** What a run brought into folders of its own goes with its history. */
  readonly dropRun: (run: string) => Promise<void>;
  readonly sweepFolders: () => Promise<void>;
  /** What no role is built of any more. */
  readonly sweepContexts: () => Promise<void>;
  readonly keepFrom: (tenant: string) => Promise<string | undefined>;
}

const day = 86_400_000;
const eventsKeptMs = 7 * day;
const mostEvents = 1_000_000;
const mostJobs = 50_000;
const blobsEveryMs = 600_000;

/** Once a minute: history and events by tenant, old uploads, and now and then the bound of all bytes (R2, R18, R28). */
export function createTidy(deps: TidyDeps): () => Promise<void> {
  const {store, blobs} = deps;
  let blobsAt = -Infinity;
  return async () => {
    const now = store.rim.clock.now();
    let longest = 0;
    for (const tenant of await store.rim.ask(redis => redis.smembers(store.rim.keys.tenants))) {
      const {limits} = await deps.tenants.get(tenant);
      longest = Math.max(longest, limits.historyDays);
      const keepFrom = await deps.keepFrom(tenant);
      await deps.events.trim(tenant, {olderThan: now - eventsKeptMs, most: mostEvents, keepFrom});
      const gone = await dropHistory(store, tenant, {before: now - limits.historyDays * day, most: mostJobs});
      for (const job of gone) await blobs.files.remove(tenant, job);
      for (const job of gone) await deps.dropRun(job);
    }
    // One file holds all tenants' lines: it goes when the one that keeps longest no longer needs it.
    if (longest > 0) await blobs.audit.dropBefore(new Date(now - longest * day).toISOString().slice(0, 10));
    if (performance.now() - blobsAt < blobsEveryMs) return;
    blobsAt = performance.now();
    await blobs.files.dropOldUploads(Date.now());
    await deps.sweepFolders();
    await deps.sweepContexts();
    await blobs.trim(async job => {
      const record = await store.read(job);
      return record === undefined || record.state === 'ended';
    });
  };
}
