import {open, stat, type FileHandle} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {Readable} from 'node:stream';
import type {Chunk, Offsets} from '@boxyard/core/plugin-api';
import {call, container, openStream, type Api} from './api.ts';
import {frames, type Frame} from './frames.ts';
import {createLogParser} from './k8s-log.ts';
import {inspect, stateOf, throughRestarts} from './main-end.ts';
import {holdingInitWords, settleInitWords} from './start-words.ts';

const POLL_MS = 40;
const READ_BYTES = 256 * 1024;

/** The engine's own log from these offsets on, live, to the end of the program; it survives restarts of the engine. */
export async function* readLog(api: Api, name: string, from: Offsets, signal: AbortSignal): AsyncGenerator<Chunk> {
  const info = await throughRestarts(() => inspect(api, name, signal), signal);
  if (info === undefined) throw api.host.fault('not-found', `no box ${name}`);
  const path = (info as {LogPath?: string}).LogPath ?? '';
  const file = api.dialect.logFormat === 'k8s-file' && path !== '' ? await open(path, 'r').catch(() => undefined) : undefined;
  if (file === undefined) yield* fromStream(api, name, from, signal);
  else yield* skipTo(from, inOurWords(api, name, fromFile(api, name, {file, path}, signal), signal));
}

/** For a reading that goes on to the program's end. */
async function* inOurWords(api: Api, name: string, source: AsyncIterable<Frame>, signal: AbortSignal): AsyncGenerator<Frame> {
  const held = yield* holdingInitWords(source);
  yield* await settleInitWords(api, name, held, signal);
}

/** Drops what the caller has, and numbers the rest. */
async function* skipTo(from: Offsets, source: AsyncIterable<Frame>): AsyncGenerator<Chunk> {
  const at = {stdout: 0, stderr: 0};
  for await (const {stream, bytes} of source) {
    const offset = at[stream];
    at[stream] += bytes.length;
    const known = Math.max(0, from[stream] - offset);
    if (known < bytes.length) yield {stream, offset: offset + known, bytes: bytes.subarray(known)};
  }
}

async function* fromFile(api: Api, name: string, log: {file: FileHandle; path: string}, signal: AbortSignal): AsyncGenerator<Frame> {
  let {file} = log;
  let hasEnded = false;
  const parse = createLogParser();
  const buffer = Buffer.alloc(READ_BYTES);
  try {
    for (;;) {
      const {bytesRead} = await file.read(buffer, 0, buffer.length);
      if (bytesRead > 0) {
        yield* parse(Buffer.from(buffer.subarray(0, bytesRead)));
        continue;
      }
      const next = await rotated(file, log.path);
      if (next !== undefined) {
        await file.close();
        file = next;
        continue;
      }
      if (hasEnded) return;
      hasEnded = await isOver(api, name, signal);
      if (!hasEnded) await delay(POLL_MS, undefined, {signal});
    }
  } finally {
    await file.close();
  }
}

const rotated = async (file: FileHandle, path: string): Promise<FileHandle | undefined> => {
  const [mine, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return there === undefined || there.ino === mine.ino ? undefined : open(path, 'r').catch(() => undefined);
};

const isOver = async (api: Api, name: string, signal: AbortSignal): Promise<boolean> => {
  const state = stateOf(await throughRestarts(() => inspect(api, name, signal), signal));
  return state.is === 'exited' || state.is === 'gone';
};

/** A live log stream may lose its tail, so after the end the log is read once more from where the stream stopped. */
async function* fromStream(api: Api, name: string, from: Offsets, signal: AbortSignal): AsyncGenerator<Chunk> {
  const at = {...from};
  for (let wasOver = false; ;) {
    const follow = !wasOver && api.dialect.logFormat === 'stream';
    const read = frames(await openLog(api, name, follow, signal));
    // What is held back before the end is read again after it.
    for await (const chunk of skipTo({...at}, wasOver ? inOurWords(api, name, read, signal) : holdingInitWords(read))) {
      at[chunk.stream] = chunk.offset + chunk.bytes.length;
      yield chunk;
    }
    if (wasOver) return;
    wasOver = await isOver(api, name, signal);
    if (!wasOver) await delay(POLL_MS * 5, undefined, {signal});
  }
}

const openLog = (api: Api, name: string, follow: boolean, signal: AbortSignal): Promise<Readable> => {
  const path = `/containers/${container(api, name).id}/logs?stdout=1&stderr=1&follow=${follow ? 1 : 0}`;
  return throughRestarts(() => call(api, `read the log of ${name}`, signal, () => openStream(api, path, signal)), signal);
};
