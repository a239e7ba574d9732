import type {Log} from './state.ts';

const mostLines = 5_000;
const longestLine = 10_000;

/** Adds text to a log and lets its oldest lines go. A carriage return starts its line again, as on a terminal. */
export function appendLog(log: Log, text: string): Log {
  const parts = (log.open + text).replaceAll('\r\n', '\n').split('\n');
  const open = lastWritten(parts.pop() ?? '');
  const added = parts.map(lastWritten);
  const lines = [...log.lines, ...added].slice(-mostLines);
  // Who looks back keeps seeing the same lines.
  const back = log.back === 0 ? 0 : Math.min(log.back + added.length, lines.length);
  return {...log, lines, open, back};
}

const lastWritten = (line: string): string => line.slice(line.lastIndexOf('\r', line.length - 2) + 1).slice(0, longestLine);
