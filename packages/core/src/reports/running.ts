import {newId, type Timing} from '../config/index.ts';
import {isAfter} from '../events/rules.ts';
import type {EventStore} from '../events/store.ts';
import type {RedisRim} from '../rim/redis.ts';
import {runPump, type PumpDeps, type Rest} from './pump.ts';
import type {ReportStore} from './store.ts';

export interface RunningOptions extends Pick<PumpDeps, 'deliver' | 'chance'> {
  readonly rim: RedisRim;
  readonly store: ReportStore;
  readonly eventStore: EventStore;
  readonly timing: Timing;
  readonly onFault: (error: unknown, about: string) => void;
}

const longestCloseMs = 3_000;

/** The pumps that run in this process, each once; a nudge that comes meanwhile lets it look once more at its end. */
export function createPumps(options: RunningOptions, ring: (ids: readonly string[]) => void, signal: AbortSignal) {
  const {rim, store, timing, deliver, chance, onFault} = options;
  const deps: PumpDeps = {store, events: options.eventStore, deliver, timing, now: rim.clock.now, chance};
  const active = new Map<string, {isRung: boolean; readonly ended: Promise<void>}>();
  /** Until when a new event changes nothing: an endpoint that waits after a failure, or is disabled. */
  const resting = new Map<string, number>();
  const later = createLater(timing.sweep * 2, id => start(id));
  const run = async (id: string, own: {isRung: boolean}): Promise<void> => {
    do {
      own.isRung = false;
      const rest = await runPump(deps, id, newId('e'), signal);
      const now = rim.clock.now();
      if (rest !== 'over' && 'until' in rest) {
        resting.set(id, rest.until);
        if (!signal.aborted) later.add(id, Math.max(1, rest.until - now));
      } else if (await hasMore(options, id, rest)) {
        own.isRung = await isEnabledOrAsked(store, id);
        if (!own.isRung) resting.set(id, now + timing.sweep);
      }
    } while (own.isRung && !signal.aborted);
  };
  const start = (id: string): void => {
    const running = active.get(id);
    if (running !== undefined) return void (running.isRung = true);
    if (signal.aborted) return;
    resting.delete(id);
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
    /** Whether nobody need be rung for a new event: its pump runs here and looks once more, or it rests. */
    knows: (id: string): boolean => {
      const running = active.get(id);
      if (running !== undefined) running.isRung = true;
      return running !== undefined || (resting.get(id) ?? 0) > rim.clock.now();
    },
    close: async () => {
      later.close();
      const all = Promise.all([...active.values()].map(each => each.ended));
      await Promise.race([all, new Promise(resolve => setTimeout(resolve, longestCloseMs).unref())]);
    },
  };
}

/** What came between the last look and giving the lease back was nobody's. */
async function hasMore({store, eventStore}: RunningOptions, id: string, rest: Rest): Promise<boolean> {
  if (rest === 'over' || 'until' in rest) return false;
  return (await store.hasExtras(id)) || isAfter(await eventStore.newest(rest.tenant), rest.at);
}

const isEnabledOrAsked = async (store: ReportStore, id: string): Promise<boolean> =>
  (await store.states([id]))[0]!.enabled || store.hasExtras(id);

/** Starts endpoints after a while. What is further off than `mostMs` is the sweep's. */
function createLater(mostMs: number, start: (id: string) => void) {
  const timers = new Set<NodeJS.Timeout>();
  return {
    add: (id: string, ms: number): void => {
      if (ms > mostMs) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(id);
      }, ms);
      timers.add(timer.unref());
    },
    close: (): void => timers.forEach(timer => clearTimeout(timer)),
  };
}
