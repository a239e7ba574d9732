import type {EventView, JobView} from '@boxyard/core/api';
import {safeLine} from '../safe-text.ts';
import {pad} from '../width.ts';
import {exitText} from './jobs.ts';

const typeWidth = 19;
const subjectWidth = 33;

/** `2026-11-22T12:58:04Z  job.ended  jobs/j-abc  by lena  run failed, exit 3, on nas`: one line, whatever is in it. */
export function eventLine(event: EventView): string {
  const {time, type, subject, actor, data} = event;
  const name = typeof data['name'] === 'string' ? ` (${data['name']})` : '';
  const cells = [
    `${time.slice(0, 19)}Z`,
    pad(safeLine(type), typeWidth),
    pad(safeLine(subject + name), subjectWidth),
    `by ${safeLine(actor)}`,
  ];
  return [...cells, safeLine(whatText(event))].filter(Boolean).join('  ');
}

/** What a fact of a job says of it; of others there is less. */
type Said = Partial<Pick<JobView, 'kind' | 'state' | 'outcome' | 'exit' | 'reason' | 'session'>> & {
  readonly attempt?: unknown;
  readonly worker?: {readonly name?: unknown};
  readonly seen?: unknown;
  readonly failure?: unknown;
  readonly why?: unknown;
  readonly orphans?: unknown;
  readonly access?: unknown;
  readonly labels?: Readonly<Record<string, string>>;
};

/** What happened, in few words; empty where the type says it all. Facts of a newer server may hold anything. */
export function whatText({type, data}: EventView): string {
  try {
    return words(type, data as Said)
      .filter(Boolean)
      .join(', ');
  } catch {
    return '';
  }
}

function words(type: string, said: Said): readonly (string | undefined)[] {
  const {attention} = said.session ?? {};
  if (type.startsWith('session.')) return [attention?.is === 'asks' ? attention.saying : undefined];
  return [
    [said.kind, said.outcome].filter(Boolean).join(' '),
    type === 'job.ended' || type === 'job.corrected' ? exitText(said) : undefined,
    typeof said.worker?.name === 'string' ? `on ${said.worker.name}` : undefined,
    typeof said.attempt === 'number' && said.attempt > 1 ? `attempt ${said.attempt}` : undefined,
    said.state === 'ended' ? undefined : said.reason?.message,
    ...[said.seen, said.failure, said.why, said.access].map(value => (typeof value === 'string' ? value : undefined)),
    typeof said.orphans === 'number' ? `${said.orphans} without a record` : undefined,
    ...Object.entries(said.labels ?? {}).map(([name, value]) => `${name}=${value}`),
  ];
}
