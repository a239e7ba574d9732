import {MOST_RESULT_BYTES} from '../api/index.ts';
import {mergeGaps} from '../blobs/rules-gaps.ts';
import type {Gap, Phase, WireError} from '../protocol/index.ts';
import type {z} from 'zod';
import type {Result} from './rules-events.ts';

type Wire = z.infer<typeof WireError>;

const mostGaps = 1_000;
const mostPhases = 200;
const mostDetailsBytes = 8_192;

const clip = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/**
 * What a worker reports, cut to what a record keeps: an agent may say anything, every job's record lies in Redis for as long
 * as the history, and a report refused for its size would be sent for ever. Honest reports pass unchanged. Pure.
 */
export function boundedResult(result: Result): Result {
  return {
    ...result,
    ...(result.error === undefined ? {} : {error: boundedError(result.error)}),
    ...(result.cancelled === undefined ? {} : {cancelled: clip(result.cancelled, 200)}),
    ...(result.reason === undefined ? {} : {reason: clip(result.reason, 200)}),
    ...(result.exit === undefined ? {} : {exit: boundedExit(result.exit)}),
    ...(result.box === undefined ? {} : {box: clip(result.box, 100)}),
    ...(result.out === undefined ? {} : {out: {...result.out, blob: clip(result.out.blob, 64)}}),
    ...(result.image === undefined ? {} : {image: {id: clip(result.image.id, 200), ref: clip(result.image.ref, 300)}}),
    reported: boundedJson(result.reported),
    ...(result.directory === undefined ? {} : {directory: clip(result.directory, 4_096)}),
    gaps: boundedGaps(result.gaps),
    phases: boundedPhases(result.phases),
  };
}

/** Whatever is nested deeper would break whoever writes it down once more. */
export const isShallow = (value: unknown, levels = 100): boolean =>
  typeof value !== 'object' || value === null || (levels > 0 && Object.values(value).every(inner => isShallow(inner, levels - 1)));

/** As small as it can be written; undefined where it is too large or deep, or no JSON. */
export function boundedJson(text: string | undefined): string | undefined {
  if (text === undefined || Buffer.byteLength(text) > MOST_RESULT_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isShallow(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

function boundedExit(exit: NonNullable<Result['exit']>): NonNullable<Result['exit']> {
  if ('unknown' in exit) return {unknown: clip(exit.unknown, 200)};
  return exit.signal === undefined ? exit : {...exit, signal: clip(exit.signal, 20)};
}

export function boundedError({code, message, hint, details}: Wire): Wire {
  const isSmall = details !== undefined && JSON.stringify(details).length <= mostDetailsBytes;
  return {
    code: clip(code, 100),
    message: clip(message, 4_000),
    ...(hint === undefined ? {} : {hint: clip(hint, 4_000)}),
    ...(isSmall ? {details} : {}),
  };
}

export const boundedPhases = (phases: readonly Phase[]): Phase[] =>
  phases.slice(-mostPhases).map(phase => ({
    ...phase,
    name: clip(phase.name, 100),
    ...(phase.detail === undefined ? {} : {detail: clip(phase.detail, 1_000)}),
  }));

/** Merged; of more than a record keeps, the rest of each stream is one gap. */
function boundedGaps(gaps: readonly Gap[]): Gap[] {
  const merged = mergeGaps(gaps);
  if (merged.length <= mostGaps) return merged;
  const rest = merged.slice(mostGaps);
  const ends = (['stdout', 'stderr', 'log'] as const).flatMap(stream => {
    const own = rest.filter(gap => gap.stream === stream && gap.reason !== 'engine-log');
    return own.length === 0 ? [] : [{stream, from: own[0]!.from, to: Math.max(...own.map(gap => gap.to)), reason: own[0]!.reason}];
  });
  return [...merged.slice(0, mostGaps), ...ends];
}
