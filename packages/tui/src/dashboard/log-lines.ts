/** The end of one job's output. `open` is a line without its end yet; `back` counts lines above the newest that are not shown. */
export interface Log {
  readonly job: string | undefined;
  /** Rises whenever it is to be read from its beginning: what came before is not shown beside it. */
  readonly reading: number;
  readonly isInSight: boolean;
  readonly lines: readonly string[];
  readonly open: string;
  readonly back: number;
  readonly isWrapped: boolean;
  /** Each line begins with when it came, in `stampWidth` characters. */
  readonly isTimed: boolean;
  readonly search: string;
  /** What is shown while it rests, and how many lines came since. */
  readonly held: {readonly lines: readonly string[]; readonly arrived: number} | undefined;
}

export const noLog: Log = {
  job: undefined,
  reading: 0,
  isInSight: false,
  lines: [],
  open: '',
  back: 0,
  isWrapped: false,
  isTimed: false,
  search: '',
  held: undefined,
};

/** As `19:03:52 `. */
export const stampWidth = 9;

/** As it is before its first line. */
export const emptied = (log: Log): Log => ({...log, lines: [], open: '', back: 0, held: undefined});

/** To be read anew. */
export const reread = (log: Log): Log => ({...emptied(log), reading: log.reading + 1});

/** The log of the job in sight, or of none: one that was out of sight is read anew. What was searched for in another is forgotten. */
export function inSight(log: Log, job: string | undefined): Log {
  if (job === undefined) return log.isInSight ? {...log, isInSight: false} : log;
  if (log.isInSight && log.job === job) return log;
  return {...reread(log), job, isInSight: true, search: log.job === job ? log.search : ''};
}

/** It stands still, whatever comes; or goes on at its newest. */
export const hold = (log: Log): Log => ({...log, held: {lines: linesOf(log), arrived: 0}});
export const follow = (log: Log): Log => ({...log, held: undefined, back: 0});

const mostLines = 5_000;
const mostCharacters = 4 * 1024 * 1024;
const longestLine = 10_000;

/** Adds text to a log and lets its oldest lines go. A carriage return starts its line again, as on a terminal. */
export function appendLog(log: Log, text: string): Log {
  const parts = (log.open + text).replaceAll('\r\n', '\n').split('\n');
  const head = log.isTimed ? stampWidth : 0;
  const open = lastWritten(parts.pop() ?? '', head);
  const added = parts.map(line => lastWritten(line, head));
  const lines = shortened([...log.lines, ...added]);
  // Who looks back keeps seeing the same lines.
  if (log.held !== undefined) return {...log, lines, open, held: {...log.held, arrived: log.held.arrived + added.length}};
  const back = log.back === 0 ? 0 : Math.min(log.back + added.length, lines.length);
  return {...log, lines, open, back};
}

function shortened(lines: readonly string[]): readonly string[] {
  let left = mostCharacters;
  let from = lines.length;
  while (from > 0 && lines.length - from < mostLines && left > 0) left -= lines[--from]!.length + 1;
  return from === 0 ? lines : lines.slice(from);
}

/** Behind a time, which stays. */
const lastWritten = (line: string, head: number): string => {
  const at = line.lastIndexOf('\r', line.length - 2) + 1;
  return (at === 0 ? line : line.slice(0, head) + line.slice(at)).slice(0, longestLine);
};

/** A carriage return at the end of the open one is to come; it is no character. */
export const linesOf = (log: Log): readonly string[] =>
  log.held?.lines ?? (log.open === '' ? log.lines : [...log.lines, log.open.replace(/\r$/, '')]);

/** The lines to show in so many rows: those up to the newest that is wanted; at the top of a log as many as there is room for. */
export function shownLines(log: Log, rows: number, piecesOf: (text: string) => readonly string[]): readonly string[] {
  const all = linesOf(log);
  const end = Math.max(0, all.length - log.back);
  const shown = all
    .slice(Math.max(0, end - rows), end)
    .flatMap(piecesOf)
    .slice(-rows);
  for (let at = end; at < all.length && shown.length < rows; at += 1) shown.push(...piecesOf(all[at]!));
  return shown.slice(0, rows);
}

/** Lines that hold the text, counted from the first; none for an empty text. */
export const matchesOf = (log: Log): readonly number[] =>
  log.search === '' ? [] : linesOf(log).flatMap((line, i) => (line.toLowerCase().includes(log.search.toLowerCase()) ? [i] : []));

/** Goes to the next older (`-1`) or newer match and round. */
export function toMatch(log: Log, by: 1 | -1): Log {
  const matches = matchesOf(log);
  if (matches.length === 0) return log;
  const last = linesOf(log).length - 1;
  const at = last - log.back;
  const next = by === -1 ? (matches.findLast(line => line < at) ?? matches.at(-1)!) : (matches.find(line => line > at) ?? matches[0]!);
  return {...log, back: last - next};
}
