import type {EventView} from '../api/index.ts';
import type {AuditFiles} from '../blobs/audit-files.ts';
import type {AuditStore} from './store-audit.ts';
import type {EventStore} from './store.ts';
import type {z} from 'zod';

export interface AuditDeps {
  readonly events: EventStore;
  readonly store: AuditStore;
  readonly files: AuditFiles;
}

type Event = z.infer<typeof EventView>;

const batch = 1_000;

/**
 * What somebody decided, as against what servers and machines found out: people, tokens, triggers and timers of theirs, and
 * that a machine joined.
 */
export const isAudited = ({actor, type}: Pick<Event, 'actor' | 'type'>): boolean =>
  /^(user|token|trigger|timer):/.test(actor) || type === 'worker.joined';

/**
 * Copies what was decided from each tenant's stream to `audit/<day>.jsonl`, from where the last copy ended. One process at a
 * time; after a crash a line may be there twice, with the same `id`, and none is missing.
 */
export const createAudit = (deps: AuditDeps) => (): Promise<void> =>
  deps.store.alone(async () => {
    for (const tenant of await deps.store.tenants()) await copy(deps, tenant);
  });

async function copy({events, store, files}: AuditDeps, tenant: string): Promise<void> {
  for (;;) {
    const {events: found, last} = await events.read(tenant, await store.copiedTo(tenant), batch);
    if (found.length === 0) return;
    for (const [day, lines] of byDay(found.filter(isAudited))) await files.append(day, lines);
    await store.setCopiedTo(tenant, last);
    if (found.length < batch) return;
  }
}

function byDay(found: readonly Event[]): ReadonlyMap<string, readonly string[]> {
  const days = new Map<string, string[]>();
  for (const event of found) {
    const day = event.time.slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), JSON.stringify(event)]);
  }
  return days;
}
