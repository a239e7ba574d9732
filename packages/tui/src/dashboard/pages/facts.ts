import type {ClusterView, DevBoxView, JobView, WebhookView, WorkerView} from '@boxyard/core/api';
import {formatBytes} from '../../output/amounts.ts';
import {percentText} from '../../output/views/devboxes.ts';
import type {Figures, Plugin} from '../data.ts';
import type {Tone} from '../theme.ts';

/** What the views of workers, DevBoxes and jobs come to, in a word and a colour. */
export const workerTone = ({status}: WorkerView): Tone => {
  if (status === 'ready') return 'run';
  return status === 'cordoned' || status === 'draining' || status === 'asleep' ? 'wait' : 'warn';
};

export const boxTone = ({state}: DevBoxView): Tone => {
  if (state === 'running') return 'run';
  if (state === 'failed' || state === 'unknown' || state === 'orphaned') return 'bad';
  return state === 'creating' || state === 'setting-up' ? 'warn' : 'wait';
};

export const jobTone = (job: JobView): Tone => {
  if (job.state !== 'ended') return job.state === 'queued' ? 'wait' : 'run';
  if (job.partial) return 'warn';
  return job.outcome === 'succeeded' ? 'good' : job.outcome === 'cancelled' ? 'wait' : 'bad';
};

export const clusterTone = ({enabled, roles}: ClusterView): Tone =>
  !enabled ? 'wait' : roles.some(({running}) => running > 0) ? 'run' : 'good';

export const pluginTone = ({state, lastError}: Plugin): Tone => {
  if (state !== 'usable') return state === 'unusable' ? 'wait' : 'bad';
  return lastError === undefined ? 'good' : 'warn';
};

export const hookTone = ({state, deadLetters}: WebhookView): Tone => {
  if (state === 'disabled') return 'wait';
  return state === 'failing' ? 'bad' : deadLetters > 0 ? 'warn' : 'good';
};

/** Why it is where it is, until it did what was asked; of one that waits, who would not have it. Of many that wait for the same the server tells the first. */
export function whyOf(job: JobView): string | undefined {
  if (job.state === 'ended' && job.outcome === 'succeeded') return undefined;
  const refused = job.refusals?.map(({name, why}) => `${name}: ${why}`).join('; ');
  const waits = job.state === 'queued' ? refused || 'waits for its turn' : undefined;
  return job.error?.message ?? job.reason?.message ?? waits;
}

/** Which role of which cluster it is a run of. */
export const roleName = ({origin}: JobView): string | undefined =>
  origin === undefined ? undefined : `${origin.cluster.name}/${origin.role.name}`;

export const attentionTone = (job: JobView): Tone => {
  const is = job.session?.attention.is;
  if (is === 'asks') return 'accent';
  return is === 'quiet' ? 'wait' : 'run';
};

export const asks = (job: JobView): boolean => job.state !== 'ended' && job.session?.attention.is === 'asks';

export const doing = (job: JobView): string => job.session?.attention.is ?? job.state;

/** What it asks, where it does; else the last it said. */
export const saying = ({session}: JobView): string => {
  if (session === undefined) return '';
  const {attention, lastLine, title} = session;
  return attention.is === 'asks' && attention.saying ? attention.saying : lastLine || title;
};

export const branchOf = (box: DevBoxView | undefined): string => box?.branch ?? '';

export function boxCpu({id}: DevBoxView, figures: Figures = {}): string {
  const figure = figures[id];
  return figure === undefined ? '' : percentText(figure.cpuPercent);
}

/** What it uses, of what is reserved for it; alone the one that is known. */
export const boxMemory = ({id, memoryBytes}: DevBoxView, figures: Figures = {}): string =>
  [figures[id]?.memoryBytes, memoryBytes > 0 ? memoryBytes : undefined]
    .flatMap(bytes => (bytes === undefined ? [] : [formatBytes(bytes)]))
    .join('/');
