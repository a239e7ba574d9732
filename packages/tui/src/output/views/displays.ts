import type {JobView} from '@boxyard/core/api';
import {formatAge} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';

export const displayName = (job: JobView): string => job.devbox?.name ?? job.id;

const pluginOf = ({spec}: JobView): string => (spec.kind === 'display' ? spec.display : '');

export const displayList: ListView<JobView> = {
  name: displayName,
  empty: 'No displays are open. Try: boxyard display DEVBOX',
  columns: [
    {title: 'DEVBOX', cell: displayName},
    {title: 'STATE', cell: job => (job.state === 'running' ? 'open' : job.state)},
    {title: 'PLUGIN', cell: pluginOf},
    {title: 'AGE', cell: (job, now) => formatAge(job.createdAt, now), sort: job => -Date.parse(job.createdAt), align: 'right'},
    {title: 'WORKER', cell: job => job.worker?.name ?? '', flexible: true},
    {title: 'OPENED BY', cell: job => job.actor, flexible: true, spare: true},
    {title: 'JOB', cell: job => job.id, spare: true},
  ],
};

export const displayText = (job: JobView): string =>
  renderFields([
    ['Display of', displayName(job)],
    ['Job', job.id],
    ['State', job.state],
    ['Plugin', pluginOf(job)],
    ['Worker', job.worker?.name],
    ['Opened', `${job.createdAt} by ${job.actor}`],
  ]);
