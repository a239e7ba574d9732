import type {DevBoxRecord} from '../devboxes/rules.ts';
import {isOnWorker} from '../jobs/rules-record.ts';
import type {JobStore} from '../jobs/store.ts';

/** The DevBoxes whose worker it is. */
export async function devboxesOn(store: JobStore, worker: string): Promise<DevBoxRecord[]> {
  const {keys} = store.rim;
  const ids = await store.rim.ask(redis => redis.smembers(keys.boxes(worker)));
  const texts = ids.length === 0 ? [] : await store.rim.ask(redis => redis.mget(ids.map(id => keys.devbox(id))));
  return texts.filter(text => text !== null).map(text => JSON.parse(text) as DevBoxRecord);
}

/** Reservations whose job is over or whose DevBox does not run are given back (R4). Normally there are none. */
export async function giveBackStrays(store: JobStore, worker: string): Promise<void> {
  const {keys} = store.rim;
  const holders = await store.rim.ask(redis => redis.hkeys(keys.held(worker)));
  const jobs = await store.readMany(holders.filter(holder => holder.startsWith('j-')));
  const stray = new Set(holders.filter(holder => holder.startsWith('j-')));
  for (const job of jobs) if (job !== undefined && isOnWorker(job) && job.worker?.id === worker) stray.delete(job.id);
  const boxes = new Map((await devboxesOn(store, worker)).map(box => [box.id, box]));
  for (const holder of holders) {
    if (!holder.startsWith('d-')) continue;
    const seen = boxes.get(holder)?.seen?.state;
    if (seen !== 'running' && seen !== 'paused') stray.add(holder);
  }
  if (stray.size === 0) return;
  await store.rim.commit(change => {
    for (const holder of stray) change.free({held: keys.held(worker), used: keys.used(worker)}, holder);
    change.do(keys.due, 'ZADD', store.rim.clock.now(), `w:${worker}`);
  });
}
