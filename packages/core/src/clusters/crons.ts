import {asBoxyardError} from '../errors/index.ts';
import {iso} from '../rim/clock.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Caller, ClusterService} from '../services.ts';
import {cronsOf} from './rules.ts';
import {nextOf} from './rules-cron.ts';
import {readCluster, readCron, writeCron} from './store.ts';

export interface CronDeps {
  readonly rim: RedisRim;
  readonly run: ClusterService['run'];
}

/**
 * Starts the run that a schedule of the role is due for. May run twice at once and again after any death: the run's key is made of
 * the time that was due, and the next time is written after it was accepted. Of times that passed while no server was there one is
 * made up for, late. A run that is not let in is told as an event.
 */
export async function lookAtCron({rim, run}: CronDeps, cluster: string, roleId: string): Promise<void> {
  const [record, due] = [await readCluster(rim, cluster), await readCron(rim, cluster, roleId)];
  const now = rim.clock.now();
  const role = record?.roles.find(each => each.id === roleId);
  if (due === undefined || due > now || record === undefined || role === undefined) return;
  const crons = cronsOf(record, role);
  const fired = crons.find(cron => nextOf([cron], due - 1)?.at === due);
  const refused = fired && (await start(run, record, {role: roleId, schedule: fired.schedule, due}));
  await writeCron(rim, record, {role: roleId, next: nextOf(crons, now)?.at, refused});
}

interface Due {
  readonly role: string;
  readonly schedule: string;
  readonly due: number;
}

/** Undefined where it was accepted; a server that cannot reach its Redis looks again later. */
async function start(
  run: CronDeps['run'],
  record: {readonly id: string; readonly tenant: string; readonly name: string},
  {role, schedule, due}: Due,
) {
  const trigger = {type: 'cron' as const, schedule, at: iso(due)};
  // Clusters are written by owners and admins alone, and what they wrote runs in the name of the schedule.
  const caller: Caller = {tenant: record.tenant, actor: `trigger:${record.name}`, access: 'admin'};
  try {
    await run(caller, {cluster: record.id, role, trigger}, {}, `cron/${role}/${due}`);
    return undefined;
  } catch (thrown) {
    const {code, message} = asBoxyardError(thrown);
    if (code === 'REDIS_UNAVAILABLE' || code === 'INTERNAL') throw thrown;
    return {schedule, at: iso(due), code, message};
  }
}
