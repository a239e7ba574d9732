import {isAfter} from '../events/rules.ts';
import {openConsumer, openQueue, openSchedules} from '../rim/bullmq.ts';
import {listenToTenants, type ListenOptions} from './listen.ts';
import {createPumps, type RunningOptions} from './running.ts';

export type ReportPumpsOptions = RunningOptions & Pick<ListenOptions, 'events'>;

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
  const listening = listenToTenants(options, ids => ring(ids.filter(id => !pumps.knows(id))));
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
