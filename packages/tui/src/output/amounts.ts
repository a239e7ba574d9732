import {BoxyardError} from '@boxyard/core/errors';

const invalid = (field: string, value: string, expected: string) =>
  new BoxyardError('INVALID_INPUT', {field, issue: `expected ${expected}, got ${value === '' ? 'nothing' : value}`});

const durationUnits: Readonly<Record<string, number>> = {ms: 1, '': 1_000, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000};

/** `90`, `90s`, `10m`, `2h`, `1d`, `500ms` in milliseconds; a bare number is seconds. */
export function parseDuration(value: string, field: string, leastMs = 1): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|)$/.exec(value.trim());
  const ms = match ? Math.round(Number(match[1]) * durationUnits[match[2]!]!) : -1;
  if (ms < leastMs) throw invalid(field, value, 'a time such as 90, 10m or 2h');
  return ms;
}

/** A time such as `2026-03-01T10:00Z`, or one that lies so far back: `10m`; in milliseconds since 1970. */
export function parseMoment(value: string, field: string, now: number): number {
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return now - parseDuration(value, field);
  const at = Date.parse(value);
  if (Number.isNaN(at)) throw invalid(field, value, 'a time such as 10m, 2h or 2026-03-01T10:00Z');
  return at;
}

const sizeUnits: Readonly<Record<string, number>> = {b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4};

/** `512m`, `2g`, `1.5GiB` in bytes; a bare number is bytes. */
export function parseSize(value: string, field: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?$/i.exec(value.trim());
  const bytes = match ? Math.round(Number(match[1]) * sizeUnits[(match[2] ?? 'b').toLowerCase()]!) : 0;
  if (!match || bytes <= 0) throw invalid(field, value, 'a size such as 512m or 2g');
  return bytes;
}

export function parseWhole(value: string, field: string, range: {readonly min: number; readonly max: number}): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < range.min || number > range.max)
    throw invalid(field, value, `a whole number from ${range.min} to ${range.max}`);
  return number;
}

/** `KEY=VALUE` pairs of a repeated flag. */
export function parsePairs(values: readonly string[], field: string): Record<string, string> {
  return Object.fromEntries(
    values.map(pair => {
      const at = pair.indexOf('=');
      if (at < 1) throw invalid(field, pair, 'KEY=VALUE');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `12s`, `3m`, `2h`, `5d`: the largest unit that is at least one. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export const formatAge = (time: string | number | undefined, now: number): string =>
  time === undefined ? '-' : formatSpan(now - (typeof time === 'number' ? time : Date.parse(time)));

/** `1 worker`, `2 DevBoxes`. */
export const countOf = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
