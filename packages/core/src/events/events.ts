import type {z} from 'zod';
import type {EventView, Gauge} from '../api/index.ts';
import type {EventService} from '../services.ts';
import {isAfter} from './rules.ts';
import type {EventStore} from './store.ts';

type Handlers = Parameters<EventService['follow']>[2];
type Event = z.infer<typeof EventView>;

export interface EventHub extends EventService {
  /** The newest figures of an object; never stored, never replayed (R18). */
  gauge(tenant: string, gauge: z.infer<typeof Gauge>): void;
  close(): void;
}

interface Follower {
  readonly handlers: Handlers;
  /** Stream id of the last event it was given. */
  at: string;
}

const blockMs = 1_000;
const batch = 1_000;
const pauseMs = 200;

/** One reader for all followers of this server: it waits on the streams of the tenants that anybody follows. */
export function createEventHub(store: EventStore): EventHub {
  const followers = new Map<string, Set<Follower>>();
  const reader = createReader(store, followers);
  return {
    follow: async (tenant, after, handlers) => {
      const newest = await store.newest(tenant);
      const from = after?.replace('.', '-');
      const isLost = from !== undefined && (isAfter(from, newest) || !(await store.isKnown(tenant, from)));
      const follower: Follower = {handlers, at: from === undefined || isLost ? newest : from};
      if (isLost) handlers.onReset();
      handlers.onPlace(follower.at.replace('-', '.'));
      await catchUp(store, tenant, follower, newest);
      const own = followers.get(tenant) ?? new Set();
      own.add(follower);
      followers.set(tenant, own);
      reader.need(tenant, follower.at);
      return () => {
        own.delete(follower);
        if (own.size > 0 || followers.get(tenant) !== own) return;
        followers.delete(tenant);
        reader.drop(tenant);
      };
    },
    gauge: (tenant, gauge) => {
      for (const follower of followers.get(tenant) ?? []) follower.handlers.onGauge(gauge);
    },
    close: () => {
      reader.close();
      followers.clear();
      store.close();
    },
  };
}

/** Reads on where it is; each follower takes only what is after its own place, so the reader may stand further back. */
function createReader(store: EventStore, followers: ReadonlyMap<string, ReadonlySet<Follower>>) {
  const positions = new Map<string, string>();
  let isClosed = false;
  let isReading = false;
  const give = (tenant: string, events: readonly Event[]) => {
    for (const event of events)
      for (const follower of followers.get(tenant) ?? []) {
        const id = event.seq.replace('.', '-');
        if (!isAfter(id, follower.at)) continue;
        follower.at = id;
        follower.handlers.onEvent(event);
      }
  };
  const readOn = async () => {
    const asked = new Map(positions);
    for (const [tenant, {events, last}] of await store.waitFor(asked, blockMs)) {
      // A follower that came meanwhile stands further back: what it lacks comes first, so this is read once more.
      if (positions.get(tenant) !== asked.get(tenant)) continue;
      positions.set(tenant, last);
      give(tenant, events);
    }
  };
  const run = async () => {
    if (isReading) return;
    isReading = true;
    while (!isClosed && positions.size > 0) {
      // Redis is away: followers stay and get what they missed when it is back.
      await readOn().catch(() => new Promise(resolve => setTimeout(resolve, pauseMs)));
    }
    isReading = false;
  };
  return {
    need: (tenant: string, from: string) => {
      const reading = positions.get(tenant);
      if (reading === undefined || isAfter(reading, from)) positions.set(tenant, from);
      void run();
    },
    drop: (tenant: string) => void positions.delete(tenant),
    close: () => {
      isClosed = true;
    },
  };
}

async function catchUp(store: EventStore, tenant: string, follower: Follower, until: string): Promise<void> {
  while (isAfter(until, follower.at)) {
    const {events, last} = await store.read(tenant, follower.at, batch);
    for (const event of events) follower.handlers.onEvent(event);
    if (events.length === 0) return;
    follower.at = last;
  }
}
