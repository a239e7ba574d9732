import type {JobView} from '@boxyard/core/api';

type Trigger = NonNullable<JobView['origin']>['trigger'];

/** What started a run, as a person would say it. */
export function triggerText({type, signed, schedule, at, files = [], more = 0}: Trigger): string {
  if (type === 'cron') return `cron ${schedule ?? ''}${at === undefined ? '' : `, due ${at}`}`;
  if (type !== 'file_watch') return signed === true ? `${type}, signed` : type;
  const shown = files.slice(0, 3).join(', ');
  const rest = files.length + more - Math.min(files.length, 3);
  return `files changed: ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}
