import {resolve} from 'node:path';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {startRecording} from '../services/recording.ts';
import type {Context} from './context.ts';
import {watchEnding} from './interrupts.ts';

export interface ToRecord {
  readonly job: string;
  readonly devbox: string;
  readonly path: string;
  readonly fps: number;
  /** So long at most; absent: until it is ended. */
  readonly forMs?: number | undefined;
}

/**
 * Records a display while `meanwhile` shows it, or else until Ctrl-C, the time, or the display's end. Resolves to the exit code.
 * What is shown ends when the recording does.
 */
export async function recordDisplay(
  context: Context,
  client: Client,
  {job, devbox, path, fps, forMs}: ToRecord,
  meanwhile?: (until: AbortSignal) => Promise<number>,
): Promise<number> {
  if (path === '-')
    throw new BoxyardError('INVALID_INPUT', {
      field: '--record',
      issue: '- is no file: times are written into it later',
      hint: '--record web.png',
    });
  const ending = watchEnding(context);
  const over = new AbortController();
  const timer = forMs === undefined ? undefined : setTimeout(() => over.abort(), forMs);
  const signal = AbortSignal.any([ending.leaving, over.signal]);
  try {
    const {done} = await startRecording(client, {job, path: resolve(context.program.cwd, path), fps, signal});
    if (meanwhile === undefined) context.say(`Recording ${devbox}. Ctrl-C ends it.`);
    const code = await (meanwhile?.(signal) ?? done.then(() => 0));
    over.abort();
    const recorded = await done;
    if (recorded === undefined) return nothing(context, devbox);
    const {pictures, shownMs, width, height, wasResized} = recorded;
    context.say(`${path}: ${pictures} pictures of ${width}x${height}, ${(shownMs / 1_000).toFixed(1)} s. Any browser plays it.`);
    if (wasResized) context.say(`The desktop changed its size meanwhile; a recording keeps the one it began with.`);
    return code;
  } finally {
    clearTimeout(timer);
    over.abort();
    ending.release();
  }
}

function nothing(context: Context, devbox: string): number {
  context.say(`${devbox} showed nothing; there is no recording.`);
  return 1;
}
