import type {EventView, JobView} from '@boxyard/core/api';
import type {z} from 'zod';
import type {Finding} from './finding.ts';

type Event = z.infer<typeof EventView>;

export interface Expected {
  /** Exit codes that are right; absent: the plan's own. */
  readonly exits?: readonly number[];
  /** Outcomes that are right; absent: what the exit code means. */
  readonly outcomes?: readonly NonNullable<JobView['outcome']>[];
}

/** I1 and I5: ended, exactly once, as it had to. */
export function checkOutcome(job: JobView, exit: number, expected: Expected = {}): Finding[] {
  const subject = `job ${job.id}`;
  if (job.state !== 'ended') {
    const found = `${job.state}, reason ${JSON.stringify(job.reason)}, worker ${job.worker?.name ?? 'none'}`;
    return [{invariant: 'I5', subject, expected: 'an end', found}];
  }
  const outcomes = expected.outcomes ?? [exit === 0 ? 'succeeded' : 'failed'];
  const found = `${job.outcome} by ${job.source}, exit ${JSON.stringify(job.exit)}, reason ${JSON.stringify(job.reason)}, error ${JSON.stringify(job.error)}`;
  if (job.outcome === undefined || !outcomes.includes(job.outcome))
    return [{invariant: 'I1', subject, expected: outcomes.join(' or '), found}];
  const exits = expected.exits ?? [exit];
  const isByWorker = job.outcome === 'succeeded' || (job.outcome === 'failed' && expected.outcomes === undefined);
  if (isByWorker && !(job.exit !== undefined && 'code' in job.exit && exits.includes(job.exit.code)))
    return [{invariant: 'I1', subject, expected: `exit ${exits.join(' or ')}`, found}];
  return [];
}

/**
 * I1 in the history: at most one worker-sourced end per job, which nothing follows; at most one of the server's own before it,
 * corrected at most once (R10).
 */
export function checkHistory(events: readonly Event[], ids: ReadonlySet<string>): Finding[] {
  const ends = new Map<string, {source: string; outcome: string; attempt: number; type: string}[]>();
  for (const event of events) {
    const job = jobOf(event);
    if (job === undefined || !ids.has(job) || !/^job\.(ended|corrected)$/.test(event.type)) continue;
    const data = event.data as {source?: string; outcome?: string; attempt?: number | {number: number}};
    const attempt = typeof data.attempt === 'object' ? data.attempt.number : (data.attempt ?? 0);
    ends.set(job, [...(ends.get(job) ?? []), {source: data.source ?? '?', outcome: data.outcome ?? '?', attempt, type: event.type}]);
  }
  return [...ends].flatMap(([job, list]) => {
    const byWorker = list.filter(end => end.source === 'worker');
    const afterWorker = list.findIndex(end => end.source === 'worker');
    const isWrong = byWorker.length > 1 || (afterWorker !== -1 && afterWorker !== list.length - 1) || list.length > 2;
    return isWrong
      ? [
          {
            invariant: 'I1' as const,
            subject: `history of job ${job}`,
            expected: 'one worker-sourced end, the last',
            found: JSON.stringify(list),
          },
        ]
      : [];
  });
}

const jobOf = (event: Event): string | undefined => /j-[a-z2-7]{26}/.exec(event.subject ?? '')?.[0];
