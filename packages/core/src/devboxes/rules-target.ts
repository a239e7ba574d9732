import {BoxyardError} from '../errors/index.ts';
import {parseCapabilities} from '../images/rules.ts';
import type {DevBoxTarget} from '../jobs/rules-spec.ts';
import type {DevBoxRecord} from './rules.ts';

/** What a job about it needs; `CONFLICT` while it is on no worker. */
export function parseTarget(record: DevBoxRecord): DevBoxTarget {
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
    capabilities: parseCapabilities(record.spec.labels['io.boxyard.capabilities']),
  };
}
