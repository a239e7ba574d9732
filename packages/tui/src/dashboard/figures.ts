import type {Figure} from './data.ts';
import {tableInSight} from './in-sight.ts';
import {homeAreas} from './layout.ts';
import {isCovered} from './panes.ts';
import {formatBytes} from '../output/amounts.ts';
import {percentText} from '../output/views/devboxes.ts';
import {devboxTarget, isByFigures, rowsOf} from './rows.ts';
import {placeOf, type Event, type State} from './state.ts';

/** Each is a look at a container: more in two seconds would be felt on the workers. */
const mostOrdered = 100;

/** Ids of the DevBoxes of which figures are in sight; none while nobody could tell them. Pure. */
export function figuresInSight(state: State): readonly string[] {
  if (state.link.status !== 'online' || isCovered(state)) return [];
  return boxesInSight(state).filter(id => state.data.devboxes.get(id)?.state === 'running');
}

function boxesInSight(state: State): readonly string[] {
  const {page, subject} = placeOf(state);
  if (page === 'devbox') return subject === undefined ? [] : [subject];
  if (page === 'home') return homeAreas(state).side === undefined ? [] : [devboxTarget(state)?.id ?? ''];
  if (page !== 'devboxes') return [];
  const seen = tableInSight(state);
  if (!isByFigures(state)) return seen;
  // What they are ordered by is to be known also of those that are not in sight yet; of how many, the page says.
  const running = rowsOf(state)
    .ids.filter(id => state.data.devboxes.get(id)?.state === 'running')
    .toSorted();
  return [...new Set([...running.slice(0, mostOrdered), ...seen])];
}

export interface FiguresOptions {
  /** Rejects where there are none. */
  readonly read: (devbox: string, signal: AbortSignal) => Promise<Figure>;
  readonly dispatch: (event: Event) => void;
  readonly everyMs?: number;
}

/** Asks for the figures of what is in sight, every two seconds; nothing in sight, nothing asked. Owned by who made it. */
export interface FigurePoller {
  want(devboxes: readonly string[]): void;
  close(): void;
}

interface Known {
  readonly figure: Figure | undefined;
  readonly at: number;
  /** It is not asked for again before. */
  readonly next: number;
}

const usualMs = 2_000;
/** Rows that are only passed over ask for nothing. */
const settleMs = 150;
const mostAtOnce = 20;
/** In periods: one that could not be told is let rest, one that was not read again is forgotten. */
const restPeriods = 5;

export function createFigures({read, dispatch, everyMs = usualMs}: FiguresOptions): FigurePoller {
  const known = new Map<string, Known>();
  const stop = new AbortController();
  let wanted: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isReading = false;
  let shown = '';
  const arm = () => {
    clearTimeout(timer);
    if (isReading || stop.signal.aborted || wanted.length === 0) return;
    const now = performance.now();
    const due = Math.min(...wanted.map(id => known.get(id)?.next ?? now + Math.min(settleMs, everyMs)));
    timer = setTimeout(() => void round(), Math.max(1, due - now));
  };
  const round = async () => {
    isReading = true;
    const from = performance.now();
    const due = wanted.filter(id => (known.get(id)?.next ?? 0) <= from + everyMs / 4);
    await each(due, async id => {
      const figure = await read(id, stop.signal).then(told, () => undefined);
      const at = performance.now();
      known.set(id, {figure, at, next: figure === undefined ? at + everyMs * restPeriods : Math.max(from + everyMs, at)});
    });
    isReading = false;
    if (!stop.signal.aborted) show();
    arm();
  };
  const show = () => {
    const oldest = performance.now() - everyMs * restPeriods;
    for (const [id, {at, next}] of known) if (at < oldest && next < performance.now()) known.delete(id);
    const all = [...known].flatMap(([id, {figure}]) => (figure === undefined ? [] : [[id, figure] as const]));
    const text = all.map(([id, {cpuPercent, memoryBytes}]) => `${id} ${percentText(cpuPercent)} ${formatBytes(memoryBytes)}`).join('\n');
    // What would look the same is not worth a frame.
    if (text === shown) return;
    shown = text;
    dispatch({type: 'figures', figures: Object.fromEntries(all)});
  };
  return {
    want(devboxes) {
      const isSame = devboxes.length === wanted.length && devboxes.every((id, i) => id === wanted[i]);
      if (isSame) return;
      wanted = devboxes;
      arm();
    },
    close() {
      stop.abort();
      clearTimeout(timer);
    },
  };
}

/** None where the server's answer is of another kind. */
function told(answer: unknown): Figure | undefined {
  const {cpuPercent, memoryBytes} = (answer ?? {}) as Partial<Figure>;
  return Number.isFinite(cpuPercent) && Number.isFinite(memoryBytes) ? ({cpuPercent, memoryBytes} as Figure) : undefined;
}

/** All of them, so many at once. */
async function each(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  const left = ids.values();
  const one = async () => {
    for (const id of left) await work(id);
  };
  await Promise.all(Array.from({length: Math.min(mostAtOnce, ids.length)}, one));
}
