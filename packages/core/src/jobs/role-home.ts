import {createHash} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';
import type {JobSpec} from '../protocol/index.ts';
import {isOfClass, place} from './rules-place.ts';
import type {AcceptDeps} from './store-prepare.ts';

type Run = Extract<JobSpec, {kind: 'run'}>;

/**
 * The spec for the one worker on which all jobs of the role run: the one it has, as long as that is a worker and could take it, else the
 * one that fits best now, which becomes it. `NO_WORKER_FITS` where none could.
 */
export async function atHome(deps: AcceptDeps, role: {readonly tenant: string; readonly id: string}, spec: Run): Promise<Run> {
  if (spec.needs.worker !== undefined) return spec;
  const {rim} = deps.store;
  const key = rim.keys.roleHome(role.id);
  const able = deps.table.candidates(role.tenant, rim.clock.now()).filter(worker => isOfClass(spec.needs, worker));
  const known = await rim.ask(redis => redis.get(key));
  const best = able.find(worker => worker.id === known) ?? place({needs: spec.needs, image: spec.box.image}, able).worker ?? able[0];
  if (best === undefined) throw new BoxyardError('NO_WORKER_FITS', {missing: 'a worker on which all jobs of the role can run'});
  if (best.id !== known) await rim.ask(redis => redis.set(key, best.id));
  return {...spec, needs: {...spec.needs, worker: best.id as NonNullable<Run['needs']['worker']>}};
}

/** The directory that all jobs of the role share there. Ids alone: a name that a tenant chose leads nowhere. Pure. */
export function liveOf(role: {readonly tenant: string; readonly cluster: string; readonly id: string}): NonNullable<Run['live']> {
  const ids = JSON.stringify(['live', role.tenant, role.cluster, role.id]);
  return {key: createHash('sha256').update(ids).digest('hex')};
}
