import type {DevBoxView, JobView} from '@boxyard/core/api';
import {commandText, exitText, statusText} from '../../output/views/jobs.ts';
import {terminalName} from '../../output/views/terminals.ts';
import {isLiveSession, ttyOf, type Data} from '../data.ts';
import type {Tone} from '../theme.ts';
import {asks, attentionTone, boxTone, branchOf, jobTone, saying} from './facts.ts';

/** What a person comes back for, most urgent first. */
const ranks = ['asks', 'failed', 'running', 'quiet', 'stopped'] as const;
type Rank = (typeof ranks)[number];

export type HomeRow =
  | {readonly is: 'heading'; readonly id: string; readonly text: string}
  | {
      readonly is: 'session' | 'job' | 'devbox';
      readonly id: string;
      readonly rank: Rank;
      readonly tone: Tone;
      readonly name: string;
      readonly branch: string;
      readonly doing: string;
      readonly since: string | number;
      readonly worker: string;
    };
type Thing = Exclude<HomeRow, {is: 'heading'}>;

/** A failure is news for so long. */
const newsMs = 60 * 60_000;

/** What asks stands above all; then one group for each worker, each in the order of the ranks, the oldest of a rank first. */
export function homeRows(data: Data, now: number): readonly HomeRow[] {
  const things = [...sessionRows(data), ...jobRows(data, now), ...orderedBoxes(data)].sort(byUrgency);
  const asking = things.filter(thing => thing.rank === 'asks');
  const perWorker = Map.groupBy(
    things.filter(thing => thing.rank !== 'asks'),
    thing => thing.worker,
  );
  return [
    ...(asking.length === 0 ? [] : [heading('asks', `asks for you (${asking.length})`), ...asking]),
    ...[...perWorker.keys()]
      .sort()
      .flatMap(worker => [heading(`on-${worker}`, worker === '' ? 'waiting for a worker' : worker), ...perWorker.get(worker)!]),
  ];
}

const heading = (id: string, text: string): HomeRow => ({is: 'heading', id: `heading-${id}`, text});

const byUrgency = (a: Thing, b: Thing): number =>
  ranks.indexOf(a.rank) - ranks.indexOf(b.rank) || compared(a.name, b.name) || compared(a.id, b.id);

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function* sessionRows(data: Data): Generator<Thing> {
  for (const job of data.jobs.values()) {
    if (!isLiveSession(job)) continue;
    const is = job.session?.attention.is;
    yield {
      is: 'session',
      id: job.id,
      rank: is === 'asks' ? 'asks' : is === 'quiet' ? 'quiet' : 'running',
      tone: attentionTone(job),
      name: terminalName(job).startsWith('j-') ? commandText(job) : terminalName(job),
      branch: branchOf(data.devboxes.get(job.devbox?.id ?? '')),
      doing: is === undefined ? (job.reason?.message ?? statusText(job)) : asks(job) ? saying(job) || 'rang' : saying(job),
      since: job.session?.attention.since ?? job.createdAt,
      worker: job.worker?.name ?? '',
    };
  }
}

function* jobRows(data: Data, now: number): Generator<Thing> {
  for (const job of data.jobs.values()) {
    // What ended because its DevBox was removed is no news.
    const isForgotten = job.devbox !== undefined && !data.devboxes.has(job.devbox.id);
    const isNews = job.state !== 'ended' || (isFailureNews(job, now) && !isForgotten);
    if (job.parent !== undefined || ttyOf(job) !== undefined || job.kind.startsWith('devbox.') || !isNews) continue;
    yield {
      is: 'job',
      id: job.id,
      rank: job.state === 'ended' ? 'failed' : 'running',
      tone: jobTone(job),
      name: [job.devbox?.name, job.name].filter(Boolean).join('/') || job.kind,
      branch: '',
      doing: jobDoing(job),
      since: job.endedAt ?? job.createdAt,
      worker: job.worker?.name ?? (job.children === undefined ? '' : 'several workers'),
    };
  }
}

const isFailureNews = (job: JobView, now: number): boolean =>
  (job.outcome === 'failed' || job.outcome === 'lost') && job.endedAt !== undefined && now - Date.parse(job.endedAt) < newsMs;

const jobDoing = (job: JobView): string => {
  if (job.state === 'queued' && job.reason !== undefined) return `${commandText(job)} (${job.reason.message})`;
  return job.state === 'ended' ? `${commandText(job)} (${exitText(job) ?? job.error?.message ?? statusText(job)})` : commandText(job);
};

const ordered = new WeakMap<Data['devboxes'], {readonly shown: string; readonly things: readonly Thing[]}>();

/** Jobs change often, thousands of DevBoxes seldom: those are put in order once, and what comes to them finds its place. */
function orderedBoxes({devboxes, jobs}: Data): readonly Thing[] {
  const sessions = new Set([...jobs.values()].filter(isLiveSession).map(job => job.devbox?.id ?? ''));
  const shown = [...sessions].sort().join(' ');
  const known = ordered.get(devboxes);
  if (known?.shown === shown) return known.things;
  const things = [...boxRows(devboxes, sessions)].sort(byUrgency);
  ordered.set(devboxes, {shown, things});
  return things;
}

/** A DevBox with a live session shows as that. */
function* boxRows(devboxes: Data['devboxes'], shown: ReadonlySet<string>): Generator<Thing> {
  for (const box of devboxes.values()) {
    if (shown.has(box.id) && box.state === 'running') continue;
    yield {
      is: 'devbox',
      id: box.id,
      rank: rankOf(box),
      tone: boxTone(box),
      name: box.name,
      branch: branchOf(box),
      doing: box.reason ?? box.task ?? box.state,
      since: box.createdAt,
      worker: box.worker?.name ?? '',
    };
  }
}

function rankOf({state}: DevBoxView): Rank {
  if (state === 'failed' || state === 'unknown' || state === 'orphaned') return 'failed';
  if (state === 'creating' || state === 'setting-up') return 'running';
  return state === 'running' ? 'quiet' : 'stopped';
}
