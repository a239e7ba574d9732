import {resolve} from 'node:path';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {startRecording, type Recorded} from '../services/recording.ts';
import type {Context} from './context.ts';
import {watchEnding} from './interrupts.ts';

export interface ToRecord {
  readonly job: string;
  readonly devbox: string;
  readonly path: string;
  readonly fps: number;
  /** So long at most, from the first picture on; absent: until it is ended. */
  readonly forMs?: number | undefined;
}

/**
 * Records a display while `meanwhile` shows it, or else until Ctrl-C, the time, or the display's end. Resolves to the exit code.
 * A recording that fails ends what is shown.
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
  let timer: NodeJS.Timeout | undefined;
  const started = () => {
    if (meanwhile === undefined) context.say(`Recording ${devbox}. Ctrl-C ends it.`);
    if (forMs !== undefined) timer = setTimeout(() => over.abort(), forMs);
  };
  const signal = AbortSignal.any([ending.leaving, over.signal]);
  try {
    const {done} = await startRecording(client, {job, path: resolve(context.program.cwd, path), fps, signal, started});
    done.catch(() => over.abort());
    const shown = meanwhile?.(signal) ?? done.then(() => 0);
    // However that ends, the file is closed before we go.
    await Promise.allSettled([shown]);
    over.abort();
    await Promise.allSettled([done]);
    const code = await shown;
    await tell(context, {devbox, file: path, recorded: await done});
    return code;
  } finally {
    clearTimeout(timer);
    ending.release();
  }
}

interface Made {
  readonly devbox: string;
  readonly file: string;
  readonly recorded: Recorded | undefined;
}

async function tell(context: Context, {devbox, file, recorded}: Made): Promise<void> {
  if (recorded === undefined) return context.say(`${devbox} showed nothing: there is no ${file}.`);
  const {pictures, shownMs, width, height, wasResized} = recorded;
  const seconds = Math.round(shownMs / 100) / 10;
  if (context.print.format !== 'table')
    return context.print.item({devbox, file, pictures, width, height, seconds}, {name: item => item.file, text: item => item.file});
  context.say(`${file}: ${pictures} ${pictures === 1 ? 'picture' : 'pictures'} of ${width}x${height}, ${seconds} s. Any browser plays it.`);
  if (wasResized) context.say('The desktop changed its size meanwhile; the recording keeps the one it began with.');
}
