import type {Origin} from '../api/index.ts';
import {asBoxyardError} from '../errors/index.ts';
import {readCluster} from '../clusters/store.ts';
import type {ClusterRecord} from '../clusters/rules.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Caller, ClusterService} from '../services.ts';
import {type Watch, begun, fired, watchDue} from './rules-watch.ts';
import {dropWatchRow, readWatches, writeWatch} from './store.ts';

export interface WatchDeps {
  readonly rim: RedisRim;
  readonly run: ClusterService['run'];
  readonly noteDue: (at: number) => void;
}

/**
 * Starts the run that changes of watched folders are due for. May run twice at once and again after any death: what is fired is
 * written down with a number before, and the run's key is made of that number; what changes meanwhile belongs to the next run.
 */
export async function lookAtWatch(deps: WatchDeps, clusterId: string, role: string): Promise<void> {
  const {rim} = deps;
  const [found] = await readWatches(rim, [role]);
  if (found === undefined) return dropWatchRow(rim, clusterId, role);
  const cluster = await readCluster(rim, clusterId);
  const isThere = cluster?.roles.some(each => each.id === role && each.triggers?.watch !== undefined) === true && cluster.enabled;
  if (!isThere) {
    const of = {id: clusterId, name: cluster?.name ?? '', tenant: found.tenant};
    const isOver = cluster?.roles.some(each => each.id === role) !== true;
    await writeWatch(rim, {cluster: of, role, before: found, after: isOver ? undefined : emptied(found)});
    return;
  }
  let watch: Watch = found;
  if (watch.firing === undefined) {
    const due = watchDue(watch);
    if (due === undefined) return dropWatchRow(rim, clusterId, role);
    if (due > rim.clock.now()) return;
    watch = begun(found);
    if (!(await writeWatch(rim, {cluster, role, before: found, after: watch}))) return;
  }
  await fire(deps, cluster, {role, watch});
}

const emptied = ({firing: _firing, ...watch}: Watch): Watch => ({...watch, v: watch.v + 1, files: {}, more: 0});

async function fire({rim, run, noteDue}: WatchDeps, cluster: ClusterRecord, {role, watch}: {role: string; watch: Watch}): Promise<void> {
  const refused = await start(run, cluster, {role, firing: watch.firing!});
  // Changes that came while it was started are kept; who comes late finds it done.
  for (let before: Watch | undefined = watch; before?.firing?.id === watch.firing!.id; [before] = await readWatches(rim, [role])) {
    const after = fired(before);
    if (!(await writeWatch(rim, {cluster, role, before, after, refused}))) continue;
    const due = watchDue(after);
    if (due !== undefined) noteDue(due);
    return;
  }
}

const mostShown = 100;

/** Undefined where it was accepted; a server that cannot reach its Redis looks again later. */
async function start(run: WatchDeps['run'], cluster: ClusterRecord, {role, firing}: {role: string; firing: NonNullable<Watch['firing']>}) {
  const paths = Object.keys(firing.files).toSorted();
  const more = firing.more + Math.max(0, paths.length - mostShown);
  const trigger: Origin['trigger'] = {type: 'file_watch', files: paths.slice(0, mostShown), ...(more === 0 ? {} : {more})};
  // Clusters are written by owners and admins alone, and what they wrote runs in the name of the trigger.
  const caller: Caller = {tenant: cluster.tenant, actor: `trigger:${cluster.name}`, access: 'admin'};
  const files = JSON.stringify(paths.map(path => ({path, is: firing.files[path]})));
  try {
    await run(caller, {cluster: cluster.id, role, trigger}, {files}, `watch/${role}/${firing.id}`);
    return undefined;
  } catch (thrown) {
    const {code, message} = asBoxyardError(thrown);
    if (code === 'REDIS_UNAVAILABLE' || code === 'INTERNAL') throw thrown;
    return {trigger: 'file_watch', files: paths.slice(0, mostShown), code, message};
  }
}
