import {CronExpressionParser} from 'cron-parser';
import {BoxyardError} from '../errors/index.ts';

/** Five fields, so never more often than once a minute; in the time zone that is named, else in UTC. */
export interface Cron {
  readonly schedule: string;
  readonly timezone?: string | undefined;
}

/** The first time after `after` (ms since 1970) that the schedule names. An hour that comes twice is named once. Throws for a schedule that names none. */
export function nextTime({schedule, timezone = 'UTC'}: Cron, after: number): number {
  return CronExpressionParser.parse(schedule, {currentDate: new Date(after), tz: timezone})
    .next()
    .getTime();
}

/** The first time of any of them, with the one that names it. */
export function nextOf(crons: readonly Cron[], after: number): {readonly at: number; readonly cron: Cron} | undefined {
  const times = crons.map(cron => ({at: nextTime(cron, after), cron}));
  return times.reduce<(typeof times)[number] | undefined>(
    (first, one) => (first === undefined || one.at < first.at ? one : first),
    undefined,
  );
}

/** Refuses what is no schedule, names a time that never is, or a place that has no time, when it is written. */
export function checkCron({schedule, timezone}: Cron, field: string, now: number): void {
  if (schedule.trim().split(/\s+/).length !== 5)
    throw new BoxyardError('INVALID_INPUT', {field: `${field}.schedule`, issue: 'expected five fields: minute, hour, day, month, weekday'});
  if (timezone !== undefined && !isTimezone(timezone))
    throw new BoxyardError('INVALID_INPUT', {
      field: `${field}.timezone`,
      issue: `expected a name such as Europe/Paris, got ${timezone.slice(0, 60)}`,
    });
  try {
    nextTime({schedule, timezone}, now);
  } catch (error) {
    throw new BoxyardError(
      'INVALID_INPUT',
      {field: `${field}.schedule`, issue: (error as Error).message.toLowerCase().replace(/\.$/, '')},
      {cause: error},
    );
  }
}

const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', {timeZone: name}).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};
