import type {Gatherer} from './gather.ts';
import type {FanOut} from './fan-out.ts';
import type {Placement} from './placement.ts';
import {dueAt, hasEnded, isOnWorker} from './rules-record.ts';
import {readTotals} from './store-lists.ts';
import {letRunsIn} from './role-runs.ts';
import {dropDue, overdue} from './store-waiting.ts';
import type {JobStore} from './store.ts';

export interface LookOptions {
  readonly store: JobStore;
  readonly placement: Placement;
  readonly fanOut: FanOut;
  readonly gatherer: Gatherer;
  /** A schedule of a role is due. */
  readonly cron: (cluster: string, role: string) => Promise<void>;
  /** Changes of files that a role watches are due; a folder was kept long enough. */
  readonly watch: (cluster: string, role: string) => Promise<void>;
  readonly kept: (cluster: string, folder: string) => Promise<void>;
  /** Whether nobody can hear the worker now. */
  readonly isSilent: (worker: string) => boolean;
  /** Declares what the clock says about workers; once per sweep. */
  readonly presence: () => Promise<void>;
  readonly nudge: (things: readonly string[]) => void;
}

const sweepBatch = 1_000;

/** What a nudge and a sweep do: read the thing named and do what is due. Everything here may run twice at once. */
export function createLook(options: LookOptions) {
  const {store, placement, gatherer} = options;

  const lookAtJob = async (id: string): Promise<void> => {
    const record = await store.read(id);
    const began = store.rim.clock.now();
    if (record === undefined || hasEnded(record)) return dropDue(store, `j:${id}`, began + 1_000);
    if (record.hold === 'children') {
      await options.fanOut.advance(record);
      const [totals] = await readTotals(store, [id]);
      const parent = await store.get(id);
      if (parent !== undefined && dueAt(parent) === 0 && parent.fan!.made < parent.fan!.total) return;
      const isDone = parent === undefined || totals === undefined || (await gatherer.afterChildren(parent, totals));
      return isDone ? dropDue(store, `j:${id}`, began) : undefined;
    }
    if (record.hold === 'gather') return (await gatherer.whileGathering(record)) ? dropDue(store, `j:${id}`, began) : undefined;
    const isSilent = isOnWorker(record) && record.worker !== undefined && options.isSilent(record.worker.id);
    await store.step(id, {type: 'due', isSilent}, {actor: 'server'});
  };

  const look = async (thing: string): Promise<void> => {
    const began = store.rim.clock.now();
    const [kind, first = '', second = ''] = thing.split(':');
    if (kind === 'j') return lookAtJob(first);
    // They write their own next rows.
    if (kind === 'c') return options.cron(first, second);
    if (kind === 'f') return options.watch(first, second);
    if (kind === 'k') return options.kept(first, second);
    if (kind === 'r') {
      await letRunsIn(store, first);
      return dropDue(store, thing, began);
    }
    const isDone = kind === 'g' ? await placement.group(first, second) : kind === 'w' ? await placement.worker(first) : true;
    // What is not done in one go is gone on with, by whoever hears the bell.
    // Not waited for: a row that stays is looked at once more.
    if (isDone) void dropDue(store, thing, began).catch(() => undefined);
    else if (!placement.isPaused) options.nudge([thing]);
  };

  /** Rings for every overdue row; rows that nudges would have covered are few. */
  const sweep = async (): Promise<void> => {
    await options.presence();
    const things = await overdue(store, sweepBatch);
    options.nudge(things);
  };

  return {look, sweep};
}
