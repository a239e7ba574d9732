import type {JobView} from '@boxyard/core/api';
import {formatAge} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';
import {commandText, exitText} from './jobs.ts';

/** `web/shell`, or the job where there is no DevBox or no name. */
export const terminalName = (job: JobView): string =>
  job.devbox !== undefined && job.name !== undefined ? `${job.devbox.name}/${job.name}` : job.id;

const doing = (job: JobView): string => job.session?.attention.is ?? job.state;

/** What it asks, where it does; else the last it said. */
const lastWords = (job: JobView): string => {
  const {attention, lastLine} = job.session ?? {};
  return attention?.is === 'asks' && attention.saying !== undefined && attention.saying !== '' ? attention.saying : (lastLine ?? '');
};

const outputAt = (job: JobView): string => new Date(job.session?.attention.outputAt ?? Date.parse(job.createdAt)).toISOString();

export const terminalList: ListView<JobView> = {
  name: terminalName,
  empty: 'No terminals. Try: boxyard terminal DEVBOX',
  columns: [
    {title: 'TERMINAL', cell: terminalName},
    {title: 'DOING', cell: doing},
    {title: 'OUTPUT', cell: (job, now) => formatAge(outputAt(job), now), sort: job => -Date.parse(outputAt(job)), align: 'right'},
    {title: 'VIEWERS', cell: job => String(job.session?.viewers ?? 0), align: 'right', spare: true},
    {title: 'WORKER', cell: job => job.worker?.name ?? '', flexible: true, spare: true},
    {title: 'TITLE', cell: job => job.session?.title ?? '', flexible: true, spare: true},
    {title: 'LAST LINE', cell: lastWords, flexible: true},
  ],
};

export function terminalText(job: JobView, now: number): string {
  const {session} = job;
  return renderFields([
    ['Terminal', terminalName(job)],
    ['Job', job.id],
    ['Doing', session && `${session.attention.is} for ${formatAge(new Date(session.attention.since).toISOString(), now)}`],
    ['Asks', session?.attention.is === 'asks' ? session.attention.saying || 'a bell' : undefined],
    ['Exit', exitText(job)],
    ['Title', session?.title],
    ['Last line', session?.lastLine],
    ['Last output', session && `${formatAge(outputAt(job), now)} ago`],
    ['Size', session && `${session.size.columns}x${session.size.rows}`],
    ['Viewers', session && String(session.viewers)],
    ['Command', commandText(job)],
    ['Worker', job.worker?.name],
    ['Opened', `${job.createdAt} by ${job.actor}`],
  ]);
}
