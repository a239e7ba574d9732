import type {Timing} from '../config/index.ts';
import {newId} from '../config/index.ts';
import {isAfter} from '../events/rules.ts';
import type {EventStore} from '../events/store.ts';
import {openConsumer, openQueue, openSchedules} from '../rim/bullmq.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {EventService} from '../services.ts';
import {runPump, type PumpDeps, type Rest} from './pump.ts';
import type {ReportStore} from './store.ts';

export interface ReportPumpsOptions extends Pick<PumpDeps, 'deliver' | 'chance'> {
  readonly rim: RedisRim;
  readonly store: ReportStore;
  readonly eventStore: EventStore;
  readonly events: EventService;
  readonly timing: Timing;
  readonly onFault: (error: unknown, about: string) => void;
}

export interface ReportPumps {
  /** Something is new for these endpoints. Returns at once; a ring that is lost costs one sweep. */
  nudge(ids: readonly string[]): void;
  /** Endpoints came or went: looks which tenants' events to listen to. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

const queueName = 'reports';
const sweepThing = 'sweep';
const concurrency = 16;
const longestCloseMs = 3_000;

/**
 * One pump per endpoint, on whichever server gets it going. Entries of the queue are nudges: what is to be delivered stands in
 * the stream, and how far it was delivered in the endpoint's state (R17). A receiver that takes its time holds up its own pump only.
 */
export async function openReportPumps(options: ReportPumpsOptions): Promise<ReportPumps> {
  const {rim, store, timing, onFault} = options;
  const closing = new AbortController();
  const queue = openQueue(rim, queueName);
  const ring = (ids: readonly string[]) => {
    if (ids.length > 0 && !closing.signal.aborted) void queue.add(ids).catch(() => undefined);
  };
  const pumps = createPumps(options, ring, closing.signal);
  const sweep = async () => {
    const all = await store.all();
    const ids = [...all.keys()];
    const states = await store.states(ids);
    const newest = new Map<string, string>();
    for (const tenant of new Set(all.values())) newest.set(tenant, await options.eventStore.newest(tenant));
    const now = rim.clock.now();
    const due = await Promise.all(
      ids.map(async (id, at) => {
        const {enabled, nextAt = 0, cursor} = states[at]!;
        if (enabled && nextAt <= now && isAfter(newest.get(all.get(id)!)!, cursor)) return [id];
        return (await store.hasExtras(id)) ? [id] : [];
      }),
    );
    ring(due.flat());
  };
  const schedules = await openSchedules(rim, queueName, [{name: sweepThing, everyMs: timing.sweep}]);
  const consumer = openConsumer(rim, queueName, {
    concurrency,
    process: async thing => (thing === sweepThing ? sweep() : pumps.start(thing)),
    onFailure: (thing, error) => onFault(error, thing),
  });
  const listening = listenToTenants(options, ring);
  await listening.refresh();
  const again = setInterval(() => void listening.refresh().catch(() => undefined), timing.sweep);
  again.unref();
  return {
    nudge: ring,
    refresh: listening.refresh,
    close: async () => {
      clearInterval(again);
      listening.close();
      closing.abort();
      await consumer.close();
      await pumps.close();
      await schedules.close();
      await queue.close();
    },
  };
}

/** The pumps that run in this process, each once; a nudge that comes meanwhile lets it look once more at its end. */
function createPumps(options: ReportPumpsOptions, ring: (ids: readonly string[]) => void, signal: AbortSignal) {
  const {rim, store, eventStore, timing, deliver, chance, onFault} = options;
  const deps: PumpDeps = {store, events: eventStore, deliver, timing, now: rim.clock.now, chance};
  const active = new Map<string, {isRung: boolean; readonly ended: Promise<void>}>();
  const timers = new Set<NodeJS.Timeout>();
  const later = (id: string, ms: number) => {
    // What is further off is the sweep's.
    if (ms > timing.sweep * 2 || signal.aborted) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      start(id);
    }, ms);
    timers.add(timer.unref());
  };
  /** What came between the last look and giving the lease back was nobody's. */
  const hasMore = async (id: string, rest: Rest): Promise<boolean> => {
    if (rest === 'over' || 'until' in rest) return false;
    return (await store.hasExtras(id)) || isAfter(await eventStore.newest(rest.tenant), rest.at);
  };
  const run = async (id: string, own: {isRung: boolean}): Promise<void> => {
    do {
      own.isRung = false;
      const rest = await runPump(deps, id, newId('e'), signal);
      if (rest !== 'over' && 'until' in rest) later(id, Math.max(1, rest.until - rim.clock.now()));
      else if (await hasMore(id, rest)) own.isRung = await isEnabledOrAsked(store, id);
    } while (own.isRung && !signal.aborted);
  };
  const start = (id: string): void => {
    const running = active.get(id);
    if (running !== undefined) return void (running.isRung = true);
    if (signal.aborted) return;
    const own = {isRung: false};
    const ended = run(id, own)
      .catch((error: unknown) => onFault(error, id))
      .finally(() => {
        active.delete(id);
        if (own.isRung) ring([id]);
      });
    active.set(id, Object.assign(own, {ended}));
  };
  return {
    start,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const all = Promise.all([...active.values()].map(each => each.ended));
      await Promise.race([all, new Promise(resolve => setTimeout(resolve, longestCloseMs).unref())]);
    },
  };
}

const isEnabledOrAsked = async (store: ReportStore, id: string): Promise<boolean> =>
  (await store.states([id]))[0]!.enabled || store.hasExtras(id);

/** Rings for a tenant's endpoints whenever it has a new event. */
function listenToTenants({store, events, onFault}: ReportPumpsOptions, ring: (ids: readonly string[]) => void) {
  const byTenant = new Map<string, readonly string[]>();
  const following = new Map<string, Promise<() => void>>();
  let isClosed = false;
  const follow = (tenant: string) =>
    events.follow(tenant, undefined, {
      onPlace: () => undefined,
      onEvent: () => ring(byTenant.get(tenant) ?? []),
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
      for (const tenant of [...following.keys()]) unfollow(tenant);
    },
  };
}
