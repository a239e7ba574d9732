import type {JobView} from '@boxyard/core/api';
import type {DisplayWatchers} from '@boxyard/core/client';
import {displayName} from '../../output/views/displays.ts';
import {ageText} from '../ages.ts';
import {isOpenDisplay, type Data} from '../data.ts';
import type {State} from '../state.ts';
import {whyOf} from './facts.ts';
import {page} from './table-page.ts';

/** A display, and who looks at it where that is known. */
export interface DisplayRow {
  readonly job: JobView;
  readonly watchers: DisplayWatchers | undefined;
}

const made = new WeakMap<Data['jobs'], {readonly watched: State['watched']; readonly rows: readonly DisplayRow[]}>();

function displayRows({data: {jobs}, watched}: State): readonly DisplayRow[] {
  const known = made.get(jobs);
  if (known?.watched === watched) return known.rows;
  const rows = [...jobs.values()].filter(isOpenDisplay).map(job => ({job, watchers: watched[job.id]}));
  made.set(jobs, {watched, rows});
  return rows;
}

const stateOf = ({job}: DisplayRow): string => (job.state === 'running' ? 'open' : job.state);

const controllerOf = ({watchers}: DisplayRow): string => watchers?.controller?.replace(/^\w+:/, '') ?? '';

const idleText = ({watchers}: DisplayRow, now: number): string =>
  watchers?.quietSince === undefined ? '' : ageText(watchers.quietSince, now);

/** In a line: who looks, or since when nobody does, where it is, and since when. */
export function displayFacts(row: DisplayRow, now: number): string {
  const {job} = row;
  if (job.state !== 'running') return [job.state, whyOf(job)].filter(Boolean).join(': ');
  return [lookText(row, now), job.worker?.name, `open ${ageText(job.createdAt, now)}`].filter(Boolean).join(' · ');
}

function lookText(row: DisplayRow, now: number): string {
  const {watchers} = row;
  if (watchers === undefined) return '';
  const [idle, controller] = [idleText(row, now), controllerOf(row)];
  if (watchers.viewers === 0) return idle === '' ? 'nobody looks' : `idle ${idle}`;
  return `${watchers.viewers} ${watchers.viewers === 1 ? 'looks' : 'look'}${controller === '' ? '' : `, ${controller} controls`}`;
}

/** Of the row with this id; undefined where it is none of the displays. */
export const displayRowOf = (state: State, id: string): DisplayRow | undefined => displayRows(state).find(({job}) => job.id === id);

export const displays = page<DisplayRow>({
  title: 'Displays',
  empty: 'No displays are open. o on a DevBox opens its desktop.',
  items: displayRows,
  id: ({job}) => job.id,
  tone: ({job, watchers}) => (job.state !== 'running' ? 'wait' : (watchers?.viewers ?? 0) > 0 ? 'run' : 'good'),
  detail: 'job',
  columns: [
    {title: 'DEVBOX', width: 12, grow: 2, cell: ({job}) => displayName(job)},
    {title: 'STATE', width: 8, cell: stateOf},
    {title: 'WORKER', width: 10, grow: 1, cell: ({job}) => job.worker?.name ?? ''},
    {title: 'VIEWERS', width: 7, align: 'right', cell: ({watchers}) => (watchers === undefined ? '' : String(watchers.viewers))},
    {title: 'CONTROLS', width: 10, grow: 1, cell: controllerOf},
    {title: 'OPEN', width: 4, align: 'right', cell: ({job}, now) => ageText(job.createdAt, now), order: ({job}) => job.createdAt},
    {title: 'IDLE', width: 4, align: 'right', spare: true, cell: idleText, order: ({watchers}) => watchers?.quietSince ?? Infinity},
    {title: 'OPENED BY', width: 10, grow: 1, spare: true, cell: ({job}) => job.actor},
    {title: 'WHY', width: 10, grow: 2, spare: true, cell: ({job}) => whyOf(job) ?? ''},
  ],
});
