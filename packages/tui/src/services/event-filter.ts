import type {EventView} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';

export interface EventFilter {
  /** Patterns of which one has to fit, `job.*`; none: every type. */
  readonly types: readonly string[];
  /** Id of the DevBox it is about, or whose job it is about. */
  readonly devbox?: string | undefined;
  /** Id of the job it is about, or of that job's parent. */
  readonly job?: string | undefined;
}

/** All that is given has to fit. Throws `INVALID_INPUT` for a pattern that no type could fit. */
export function eventFilter({types, devbox, job}: EventFilter): (event: EventView) => boolean {
  const patterns = types.map(typePattern);
  return ({type, subject, data}) =>
    (patterns.length === 0 || patterns.some(pattern => pattern.test(type))) &&
    (devbox === undefined || subject === `devboxes/${devbox}` || data['devbox'] === devbox) &&
    (job === undefined || subject === `jobs/${job}` || data['parent'] === job);
}

/** `*` stands for any number of characters; the rest for itself. */
function typePattern(glob: string): RegExp {
  if (!/^[a-z*]+([.-][a-z*]+)*$/.test(glob) || glob.length > 64)
    throw new BoxyardError('INVALID_INPUT', {
      field: '--type',
      issue: `expected a type such as job.ended or job.*, got ${glob || 'nothing'}`,
    });
  return new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`);
}
