import {open, type FileHandle} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {Chunk, Host, Offsets} from '@boxyard/core/plugin-api';
import {fileOf, type BoxDir} from './box-dir.ts';
import {stateOf, waitForEnd} from './main-state.ts';

const READ_BYTES = 256 * 1024;
const FIRST_POLL_MS = 4;
const MAX_POLL_MS = 40;
const STREAMS = ['stdout', 'stderr'] as const;

/** The two files from these offsets on, live, to the end of the program. Any number of readers, at any time. */
export async function* readOutput(box: BoxDir, host: Host, from: Offsets, signal: AbortSignal): AsyncGenerator<Chunk> {
  const at = {...from};
  const files = await openBoth(box, host);
  try {
    let pause = FIRST_POLL_MS;
    for (let hasEnded = false; ;) {
      const before = at.stdout + at.stderr;
      for (const stream of STREAMS) yield* readNext(files[stream], stream, at);
      signal.throwIfAborted();
      const isIdle = at.stdout + at.stderr === before;
      if (!isIdle) pause = FIRST_POLL_MS;
      else if (hasEnded) return;
      else if ((hasEnded = await isOver(box))) await waitForEnd(box, host, signal);
      else await delay((pause = Math.min(pause * 1.5, MAX_POLL_MS)), undefined, {signal});
    }
  } finally {
    await Promise.all([files.stdout.close(), files.stderr.close()]);
  }
}

async function* readNext(file: FileHandle, stream: Chunk['stream'], at: {stdout: number; stderr: number}): AsyncGenerator<Chunk> {
  const bytes = await readAt(file, at[stream]);
  if (bytes === undefined) return;
  const offset = at[stream];
  at[stream] += bytes.length;
  yield {stream, offset, bytes};
}

const isOver = async (box: BoxDir): Promise<boolean> => {
  const state = await stateOf(box);
  return state.is === 'exited' || state.is === 'gone';
};

const openBoth = async (box: BoxDir, host: Host): Promise<{stdout: FileHandle; stderr: FileHandle}> => {
  const stdout = await open(fileOf(box, 'stdout'), 'r').catch(() => undefined);
  const stderr = await open(fileOf(box, 'stderr'), 'r').catch(() => undefined);
  if (stdout !== undefined && stderr !== undefined) return {stdout, stderr};
  await Promise.all([stdout?.close(), stderr?.close()]);
  throw host.fault('not-found', `no box ${box.name}`);
};

const readAt = async (file: FileHandle, offset: number): Promise<Buffer | undefined> => {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const {bytesRead} = await file.read(buffer, 0, READ_BYTES, offset);
  return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
};
