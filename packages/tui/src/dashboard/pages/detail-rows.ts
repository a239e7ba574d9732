import type {ClusterView, DeadLetterView, DeliveryView, DevBoxView, JobView, RoleView} from '@boxyard/core/api';
import {safeLine} from '../../output/safe-text.ts';
import {commandText, exitText, statusText} from '../../output/views/jobs.ts';
import {clip, pad} from '../../output/width.ts';
import {ageText} from '../ages.ts';
import {tabOf, type Tab} from '../panes.ts';
import {targetOf, thingOf, type Target} from '../rows.ts';
import {memoryOf, type State} from '../state.ts';
import type {Tone} from '../theme.ts';
import {boxTone, jobTone, whyOf} from './facts.ts';
import {jobsOf} from './roles.ts';

export interface DetailRow {
  readonly id: string;
  /** Where enter leads; nowhere where it is no thing of its own. */
  readonly page: 'job' | 'devbox' | 'role' | undefined;
  readonly tone: Tone;
  readonly text: string;
  /** Of what a webhook was sent: the event. */
  readonly event?: string;
}

/** What the open tab of a detail page lists, to be chosen from; undefined where it is only read. */
export function detailRows(state: State): readonly DetailRow[] | undefined {
  const target = targetOf(state);
  const tab = tabOf(state);
  const {jobs, devboxes} = state.data;
  if (target.is === 'cluster' || target.is === 'role') return ofCluster(state, target, tab);
  if (target.is === 'webhook') return ofWebhook(state, target.webhook.id, tab);
  if (target.is === 'none' || target.is === 'image') return undefined;
  if (tab === 'children' && target.is === 'job') return ofJobs(jobs, job => job.parent === target.job.id, true);
  if (tab === 'jobs' && target.is === 'worker') return ofJobs(jobs, job => job.worker?.id === target.worker.id, false);
  if (tab === 'jobs' && target.is === 'devbox') return ofJobs(jobs, job => job.devbox?.id === target.devbox.id, true);
  if (tab !== 'devboxes' || target.is !== 'worker') return undefined;
  return [...devboxes.values()].filter(box => box.worker?.id === target.worker.id).map(boxRow);
}

function ofCluster({data}: State, target: Extract<Target, {is: 'cluster' | 'role'}>, tab: Tab): readonly DetailRow[] | undefined {
  if (tab === 'runs') return jobsOf(data.jobs, thingOf(target).id).map(job => runRow(job));
  return tab === 'roles' && target.is === 'cluster' ? target.cluster.roles.map(role => roleRow(role, target.cluster)) : undefined;
}

function ofWebhook({sent, now}: State, webhook: string, tab: Tab): readonly DetailRow[] | undefined {
  if (tab !== 'deliveries' && tab !== 'dead letters') return undefined;
  if (sent?.webhook !== webhook) return [];
  return tab === 'deliveries' ? sent.deliveries.map(each => deliveryRow(each, now)) : sent.letters.map(each => letterRow(each, now));
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

const runRow = (job: JobView): DetailRow => ({
  id: job.id,
  page: 'job',
  tone: jobTone(job),
  text:
    row(
      [job.origin?.role.name ?? '', 16],
      [job.id.slice(0, 10), 10],
      [statusText(job), 12],
      [totalsText(job), 24],
      [job.origin?.trigger.type ?? '', 8],
    ) + (whyOf(job) ?? ''),
});

const totalsText = ({children, worker}: JobView): string =>
  children === undefined
    ? (worker?.name ?? '')
    : [
        `${children.succeeded} of ${children.total}`,
        children.failed + children.lost === 0 ? '' : `${children.failed + children.lost} failed`,
        children.running === 0 ? '' : `${children.running} go on`,
      ]
        .filter(Boolean)
        .join(', ');

const roleRow = (role: RoleView, {enabled}: ClusterView): DetailRow => ({
  id: role.id,
  page: 'role',
  tone: !enabled ? 'wait' : role.running > 0 ? 'run' : 'good',
  text:
    row([role.name, 16], [`${role.running} of ${role.maxConcurrency ?? 1} run`, 14], [role.queued === 0 ? '' : `${role.queued} wait`, 10]) +
    [role.next === undefined ? '' : `next ${role.next.slice(0, 16).replace('T', ' ')}`, role.command?.join(' ') ?? role.image ?? '']
      .filter(Boolean)
      .join('   '),
});

/** An event may be sent several times: the id alone does not tell them apart. */
const deliveryRow = ({event, type, kind, outcome, at, ms, tries, why}: DeliveryView, now: number): DetailRow => ({
  id: `${event} ${at} ${kind} ${tries}`,
  event,
  page: undefined,
  tone: outcome === 'delivered' ? 'good' : 'bad',
  text:
    row([ageText(at, now), 5], [outcome, 10], [type, 22], [kind, 10], [`${ms} ms`, 9], [tries > 1 ? `${tries} tries` : '', 9]) +
    (why ?? event),
});

const letterRow = ({event, type, subject, at, tries, why}: DeadLetterView, now: number): DetailRow => ({
  id: event,
  event,
  page: undefined,
  tone: 'bad',
  text: row([ageText(at, now), 5], [type, 22], [subject, 24], [`${tries} tries`, 9]) + why,
});

const row = (...cells: readonly (readonly [string, number])[]): string =>
  cells.map(([text, width]) => `${pad(clip(safeLine(text), width), width)} `).join('');
