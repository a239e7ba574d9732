import type {EventService} from '../services.ts';
import type {ReportStore} from './store.ts';

export interface ListenOptions {
  readonly store: Pick<ReportStore, 'all'>;
  readonly events: EventService;
  readonly onFault: (error: unknown, about: string) => void;
}

const gatherMs = 20;

/** Rings for a tenant's endpoints whenever it has a new event. */
export function listenToTenants(
  {store, events, onFault}: ListenOptions,
  ring: (ids: readonly string[]) => void,
): {refresh(): Promise<void>; close(): void} {
  const byTenant = new Map<string, readonly string[]>();
  const heard = createGathered(tenants => ring(tenants.flatMap(each => byTenant.get(each) ?? [])));
  const following = new Map<string, Promise<() => void>>();
  let isClosed = false;
  const follow = (tenant: string) =>
    events.follow(tenant, undefined, {
      onPlace: () => undefined,
      onEvent: () => heard.add(tenant),
      onReset: () => undefined,
      onGauge: () => undefined,
    });
  const unfollow = (tenant: string) => {
    const left = following.get(tenant);
    following.delete(tenant);
    void left?.then(leave => leave()).catch(() => undefined);
  };
  return {
    refresh: async (): Promise<void> => {
      const all = await store.all();
      if (isClosed) return;
      byTenant.clear();
      for (const [id, tenant] of all) byTenant.set(tenant, [...(byTenant.get(tenant) ?? []), id]);
      for (const tenant of [...following.keys()]) if (!byTenant.has(tenant)) unfollow(tenant);
      for (const tenant of byTenant.keys()) {
        if (following.has(tenant)) continue;
        const followed = follow(tenant);
        following.set(tenant, followed);
        followed.catch((error: unknown) => {
          following.delete(tenant);
          onFault(error, tenant);
        });
      }
    },
    close: () => {
      isClosed = true;
      heard.close();
      for (const tenant of [...following.keys()]) unfollow(tenant);
    },
  };
}

/** Many events in one moment are one ring. */
function createGathered(tell: (things: readonly string[]) => void) {
  const heard = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  return {
    add: (thing: string): void => {
      heard.add(thing);
      timer ??= setTimeout(() => {
        timer = undefined;
        const things = [...heard];
        heard.clear();
        tell(things);
      }, gatherMs);
    },
    close: () => clearTimeout(timer),
  };
}
