import type {DevBoxView, JobView} from '@boxyard/core/api';
import {commandText, exitText, statusText} from '../../output/views/jobs.ts';
import {terminalName} from '../../output/views/terminals.ts';
import {isLiveSession, ttyOf, type Data} from '../data.ts';
import type {Tone} from '../theme.ts';
import {asks, attentionTone, boxTone, branchOf, jobTone, roleName, saying, whyOf} from './facts.ts';

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

export interface HomeRows {
  readonly rows: readonly HomeRow[];
  /** Of what can be chosen, in this order. */
  readonly ids: readonly string[];
  /** They say the same until then: the next failure is no news any more. */
  readonly until: number;
}

/** What asks stands above all; then one group for each worker, each in the order of the ranks, and of a rank by name. */
export function homeRows(data: Data, now: number): HomeRows {
  const things = [...sessionRows(data), ...jobRows(data, now)];
  const asking = things.filter(thing => thing.rank === 'asks').sort(byUrgency);
  const perWorker = Map.groupBy(
    things.filter(thing => thing.rank !== 'asks'),
    thing => thing.worker,
  );
  const hidden = sessionBoxes(data);
  const boxes = boxesByWorker(data.devboxes);
  const workers = [...new Set([...boxes.keys(), ...perWorker.keys()])].sort();
  const groups = [
    ...(asking.length === 0 ? [] : [groupOf('asks', `asks for you (${asking.length})`, asking)]),
    ...workers.flatMap(worker => {
      const own = perWorker.get(worker);
      const all = boxes.get(worker) ?? [];
      if (own === undefined && !all.some(box => hidden.has(box.id))) return restingGroup(worker, all);
      const shown = all.filter(box => !hidden.has(box.id)).map(boxRow);
      return own === undefined && shown.length === 0 ? [] : workerGroup(worker, [...(own ?? []), ...shown]);
    }),
  ];
  return {rows: groups.flatMap(group => group.rows), ids: groups.flatMap(group => group.ids), until: nextOldNews(data, now)};
}

/** Sessions that ask, as they stand on Home. */
export const askingIds = (data: Data): readonly string[] =>
  [...sessionRows(data)]
    .filter(({rank}) => rank === 'asks')
    .sort(byUrgency)
    .map(({id}) => id);

/** What stands together under one heading. */
interface Group {
  readonly rows: readonly HomeRow[];
  readonly ids: readonly string[];
}

const groupOf = (id: string, text: string, things: readonly Thing[]): Group => ({
  rows: [heading(id, text), ...things],
  ids: things.map(thing => thing.id),
});

const workerGroup = (worker: string, things: readonly Thing[]): Group =>
  groupOf(`on-${worker}`, worker === '' ? 'waiting for a worker' : worker, things.toSorted(byUrgency));

const resting = new WeakMap<DevBoxView, {readonly boxes: readonly DevBoxView[]; readonly group: Group}>();

/** Of thousands of DevBoxes few change at a time: a group in which none did stays as it was made. */
function restingGroup(worker: string, boxes: readonly DevBoxView[]): Group {
  const known = resting.get(boxes[0]!);
  if (known?.boxes.length === boxes.length && known.boxes.every((box, i) => box === boxes[i])) return known.group;
  const group = workerGroup(worker, boxes.map(boxRow));
  resting.set(boxes[0]!, {boxes, group});
  return group;
}

const grouped = new WeakMap<Data['devboxes'], ReadonlyMap<string, readonly DevBoxView[]>>();

function boxesByWorker(devboxes: Data['devboxes']): ReadonlyMap<string, readonly DevBoxView[]> {
  const known = grouped.get(devboxes) ?? Map.groupBy(devboxes.values(), box => box.worker?.name ?? '');
  grouped.set(devboxes, known);
  return known;
}

function nextOldNews({jobs}: Data, now: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const job of jobs.values()) if (isFailureNews(job, now)) next = Math.min(next, Date.parse(job.endedAt!) + newsMs);
  return next;
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
      name: roleName(job) ?? ([job.devbox?.name, job.name].filter(Boolean).join('/') || job.kind),
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
  const why = job.state === 'queued' ? whyOf(job) : undefined;
  if (why !== undefined) return `${commandText(job)} (${why})`;
  return job.state === 'ended' ? `${commandText(job)} (${exitText(job) ?? job.error?.message ?? statusText(job)})` : commandText(job);
};

/** A DevBox with a live session shows as that. */
const sessionBoxes = ({devboxes, jobs}: Data): ReadonlySet<string> =>
  new Set(
    [...jobs.values()]
      .filter(isLiveSession)
      .flatMap(({devbox}) => devbox?.id ?? [])
      .filter(id => devboxes.get(id)?.state === 'running'),
  );

const boxRow = (box: DevBoxView): Thing => ({
  is: 'devbox',
  id: box.id,
  rank: rankOf(box),
  tone: boxTone(box),
  name: box.name,
  branch: branchOf(box),
  doing: box.reason ?? box.task ?? box.state,
  since: box.createdAt,
  worker: box.worker?.name ?? '',
});

function rankOf({state}: DevBoxView): Rank {
  if (state === 'failed' || state === 'unknown' || state === 'orphaned') return 'failed';
  if (state === 'creating' || state === 'setting-up') return 'running';
  return state === 'running' ? 'quiet' : 'stopped';
}
