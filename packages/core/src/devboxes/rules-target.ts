import {BoxyardError} from '../errors/index.ts';
import {parseCapabilities} from '../images/rules.ts';
import type {DevBoxTarget} from '../jobs/rules-spec-devbox.ts';
import type {DevBoxRecord} from './rules.ts';

/** What a job about it needs; `CONFLICT` while it is on no worker, or where it never got to one. */
export function parseTarget(record: DevBoxRecord): DevBoxTarget {
  if (record.worker === undefined && record.failure !== undefined)
    throw new BoxyardError('CONFLICT', {
      what: `DevBox ${record.name}`,
      issue: 'was never made',
      hint: `boxyard devboxes remove ${record.name} --now; why: boxyard jobs show ${record.createJob}`,
    });
  if (record.worker === undefined || record.box === undefined || record.engine === undefined)
    throw new BoxyardError('CONFLICT', {
      what: `DevBox ${record.name}`,
      issue: 'is on no worker yet',
      hint: `boxyard jobs wait ${record.createJob}`,
    });
  return {
    id: record.id,
    generation: record.generation,
    box: record.box,
    worker: record.worker.id,
    engine: record.engine,
    profile: record.spec.profile,
    memoryBytes: record.spec.needs.memoryBytes,
    secrets: [...new Set(record.spec.secrets.map(({secret}) => secret))],
    capabilities: parseCapabilities(record.spec.labels['io.boxyard.capabilities']),
  };
}

/** The same for a command in it, which would only meet the engine's own words where it does not run. A failed one may be looked into. */
export function parseRunning(record: DevBoxRecord): DevBoxTarget {
  const target = parseTarget(record);
  const isAtRest = record.busy === undefined && record.failure === undefined;
  const what = `DevBox ${record.name}`;
  if (record.removal !== undefined)
    throw new BoxyardError('CONFLICT', {what, issue: 'is being removed', hint: `boxyard devboxes restore ${record.name}`});
  if (isAtRest && (record.seen?.state === 'exited' || record.seen?.state === 'created'))
    throw new BoxyardError('CONFLICT', {what, issue: 'is stopped', hint: `boxyard devboxes start ${record.name}`});
  if (isAtRest && record.seen?.state === 'paused')
    throw new BoxyardError('CONFLICT', {what, issue: 'is paused', hint: `${target.engine} unpause ${target.box}`});
  return target;
}
