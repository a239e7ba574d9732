import type {DevBoxView, JobView} from '@boxyard/core/api';
import {commandText, exitText, statusText} from '../../output/views/jobs.ts';
import {tabOf} from '../panes.ts';
import {targetOf} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import type {Tone} from '../theme.ts';
import {boxTone, jobTone} from './facts.ts';

export interface DetailRow {
  readonly id: string;
  readonly page: 'job' | 'devbox';
  readonly tone: Tone;
  readonly text: string;
}

/** What the open tab of a detail page lists, to be chosen from; undefined where it is only read. */
export function detailRows(state: State): readonly DetailRow[] | undefined {
  const target = targetOf(state);
  const tab = tabOf(state);
  const {jobs, devboxes} = state.data;
  if (target.is === 'none' || target.is === 'image') return undefined;
  if (tab === 'children' && target.is === 'job') return ofJobs(jobs, job => job.parent === target.job.id, true);
  if (tab === 'jobs' && target.is === 'worker') return ofJobs(jobs, job => job.worker?.id === target.worker.id, false);
  if (tab === 'jobs' && target.is === 'devbox') return ofJobs(jobs, job => job.devbox?.id === target.devbox.id, true);
  if (tab !== 'devboxes' || target.is !== 'worker') return undefined;
  return [...devboxes.values()].filter(box => box.worker?.id === target.worker.id).map(boxRow);
}

/** The chosen one; the first where none was, or it is gone. */
export function chosenRow(state: State): DetailRow | undefined {
  const rows = detailRows(state);
  return rows?.find(row => row.id === memoryOf(state).cursor) ?? rows?.[0];
}

const ofJobs = (jobs: ReadonlyMap<string, JobView>, isOne: (job: JobView) => boolean, withWorker: boolean): readonly DetailRow[] =>
  [...jobs.values()].filter(isOne).map(job => jobRow(job, withWorker));

const jobRow = (job: JobView, withWorker: boolean): DetailRow => ({
  id: job.id,
  page: 'job',
  tone: jobTone(job),
  text: [
    withWorker ? (job.worker?.name ?? '').padEnd(12) : '',
    job.id.slice(0, 10),
    statusText(job).padEnd(12),
    (exitText(job) ?? '').padEnd(10),
    commandText(job),
  ]
    .filter(Boolean)
    .join(' '),
});

const boxRow = (box: DevBoxView): DetailRow => ({
  id: box.id,
  page: 'devbox',
  tone: boxTone(box),
  text: `${box.name.padEnd(24)} ${box.state.padEnd(12)} ${box.task ?? box.reason ?? ''}`,
});
