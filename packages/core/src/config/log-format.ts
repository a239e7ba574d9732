import {BoxyardError} from '../errors/index.ts';

/** `json`: one object a line, for programs. `text`: what happened in words, for a person who looks on. */
export type LogFormat = 'json' | 'text';

export function logFormat(asked: string | undefined, isTerminal: boolean): LogFormat {
  if (asked === undefined) return isTerminal ? 'text' : 'json';
  if (asked === 'json' || asked === 'text') return asked;
  throw new BoxyardError('INVALID_INPUT', {field: '--log-format', issue: `expected json or text, got ${asked}`, hint: ''});
}

/** Where a logger that writes JSON lines may write; `out` gets them in the format. */
export const logSink = (format: LogFormat, out: (text: string) => void): {write(line: string): void} => ({
  write: line => out(format === 'json' ? line : textOf(line)),
});

const ofTheLogger = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'part', 'v']);
const words = [
  [50, 'error: '],
  [40, 'warning: '],
] as const;

/** `08:01:02 warning: what happened (key value, key value)`; nothing in it can do more to a terminal than be read. */
export function textOf(line: string): string {
  const {level = 30, time = 0, msg = '', ...rest} = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).flatMap(([key, value]) => (ofTheLogger.has(key) ? [] : [`${key} ${valueText(value)}`]));
  const word = words.find(([from]) => Number(level) >= from)?.[1] ?? '';
  const about = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  return `${harmless(`${clock} ${word}${String(msg)}${about}`)}\n`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  const {message} = value as {message?: unknown};
  return typeof message === 'string' ? message : JSON.stringify(value);
}

/** What a program says on stderr of the error that ends it: its message, the way out, the whole story where nobody expected it. */
export function lastWords(error: BoxyardError): string {
  const cause =
    error.code !== 'INTERNAL' ? '' : error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause);
  const lines = [error.message, error.hint, cause].filter(text => text !== '').flatMap(text => text.split('\n'));
  return lines.map(line => `${harmless(line)}\n`).join('');
}

const harmless = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
