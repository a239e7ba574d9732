import type {Client} from '@boxyard/core/client';
import {createLogFilter, type LogFilter} from '../output/log-text.ts';
import {safeText} from '../output/safe-text.ts';
import {createStamp} from '../services/log-times.ts';
import type {Log} from './log-lines.ts';
import type {Event} from './state.ts';

const logTail = 256 * 1024;
/** Bytes are shown together that come within so long: a flood costs no more than a drop. */
const gatherMs = 50;
/** Rows that are only passed over open nothing. */
const settleMs = 80;

export interface LogFollower {
  /** From now on this job's, or none; anew with each `reading`. */
  follow(job: string | undefined, how: Pick<Log, 'reading' | 'isTimed'>): void;
  close(): void;
}

/** Shows the end of one job's output, and what it goes on to write. */
export function createLogFollower(client: Client, dispatch: (event: Event) => void, now: () => number): LogFollower {
  let current: string | undefined;
  let at: number | undefined;
  let stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(timer);
    stop.abort();
  };
  return {
    follow(job, {reading, isTimed}) {
      if (job === current && (job === undefined || reading === at)) return;
      end();
      [current, at] = [job, reading];
      if (job === undefined) return;
      const own = (stop = new AbortController());
      timer = setTimeout(() => void followOne(client, job, {dispatch, signal: own.signal, ...(isTimed ? {now} : {})}), settleMs);
    },
    close: end,
  };
}

interface Following {
  readonly dispatch: (event: Event) => void;
  readonly signal: AbortSignal;
  /** Where each line is to have the time it came. */
  readonly now?: () => number;
}

async function followOne(client: Client, job: string, {dispatch, signal, now}: Following): Promise<void> {
  const filters = new Map<string, LogFilter>();
  const filterOf = (stream: string) => {
    const filter = filters.get(stream) ?? createLogFilter();
    filters.set(stream, filter);
    return filter;
  };
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    if (waiting !== '' && !signal.aborted) dispatch({type: 'log', job, text: waiting});
    waiting = '';
  };
  const show = (text: string) => {
    waiting += withoutColours(text);
    timer ??= setTimeout(flush, gatherMs);
  };
  try {
    const {have} = await client.jobsShow({job, signal});
    const from = {stdout: tail(have?.stdout), stderr: tail(have?.stderr), log: tail(have?.log)};
    const stamp = now === undefined ? undefined : createStamp(client, job, {now, format: clockText});
    for await (const item of client.attach({job, from, signal})) {
      if (item.type !== 'bytes') continue;
      show(filterOf(item.stream).write(stamp === undefined ? item.bytes : await stamp(item)));
    }
    for (const filter of filters.values()) show(filter.end());
  } catch (error) {
    if (!signal.aborted) show(`(${safeText((error as Error).message)})\n`);
  } finally {
    clearTimeout(timer);
    flush();
  }
}

/** In `stampWidth` characters. */
const clockText = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} `;

const tail = (length: number | undefined) => Math.max(0, (length ?? 0) - logTail);

const withoutColours = (text: string) => text.replaceAll(/\u001b\[[0-9;:]*m/g, '');
