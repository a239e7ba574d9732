import type {JobView, RunRecordView} from '@boxyard/core/api';
import {formatAge} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';
import {exitText, statusText, totalsText} from './jobs.ts';
import {triggerText} from './trigger.ts';

export const runList: ListView<JobView> = {
  name: run => run.id,
  empty: 'No runs. boxyard clusters run CLUSTER ROLE starts one.',
  columns: [
    {title: 'RUN', cell: run => run.id},
    {title: 'ROLE', cell: run => run.origin?.role.name ?? '', flexible: true},
    {title: 'STATUS', cell: statusText},
    {title: 'STARTED BY', cell: run => (run.origin === undefined ? '' : triggerText(run.origin.trigger)), flexible: true},
    {title: 'JOBS', cell: run => (run.children === undefined ? '1' : totalsText(run.children)), flexible: true, spare: true},
    {title: 'AGE', cell: (run, now) => formatAge(run.createdAt, now), sort: run => -Date.parse(run.createdAt), align: 'right', spare: true},
  ],
};

export const recordText = ({job, meta, trigger, systemPrompt, userPrompt}: RunRecordView): string =>
  renderFields([
    ['Job', job],
    ['Run', meta.run === job ? undefined : `${meta.run}${meta.index === undefined ? '' : `, copy ${meta.index}`}`],
    ['Role', `${meta.cluster}/${meta.roleName}`],
    ['Trigger', triggerText(trigger)],
    ['Status', meta.state === 'ended' ? (meta.outcome ?? 'ended') : meta.state],
    ['Exit', exitText(meta)],
    ['Reason', meta.reason?.message],
    ['Worker', meta.worker],
    ['Created', meta.createdAt],
    ['Started', meta.startedAt],
    ['Ended', meta.endedAt],
    ['System', systemPrompt === '' ? undefined : systemPrompt],
    ['Prompt', userPrompt],
  ]);
