import type {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Chunk, Offsets} from '@boxyard/core/plugin-api';
import {container, type Api} from './api.ts';
import {faultOf, isConnectionLoss} from './errors.ts';
import {frames, type Frame} from './frames.ts';
import {openHijacked} from './hijack.ts';
import {readLog} from './log.ts';
import {inspect, stateOf} from './main-end.ts';
import {holdingInitWords, settleInitWords} from './start-words.ts';

const POLL_MS = 20;
const ENDS_WITHIN_MS = 2_000;

/**
 * The main process's bytes from these offsets on. Asked for from the beginning of a box that has not started, it is the
 * attach stream, which is exact; the connection is made at once, and `start` waits for it. Otherwise, and where the attach
 * stream breaks while the program runs on, it is the engine's log.
 */
export const openOutput = (api: Api, name: string, from: Offsets, signal: AbortSignal): AsyncIterable<Chunk> => {
  const attached = attachIfFirst(api, name, from, signal);
  attached.catch(() => undefined);
  remember(api, name, attached);
  return read(api, name, from, {attached, signal});
};

const attachIfFirst = async (api: Api, name: string, from: Offsets, signal: AbortSignal): Promise<Duplex | undefined> => {
  if (from.stdout > 0 || from.stderr > 0) return undefined;
  const state = stateOf(await inspect(api, name, signal));
  if (state.is === 'gone') throw api.host.fault('not-found', `no box ${name}`);
  if (state.is !== 'created') return undefined;
  const path = `/containers/${container(api, name).id}/attach?stream=1&stdout=1&stderr=1`;
  return openHijacked(api.endpoint, {path}, signal).catch((error: unknown) => {
    throw faultOf(api.host, error, `attach to ${name}`);
  });
};

const remember = (api: Api, name: string, attaching: Promise<unknown>): void => {
  const all = api.attaching.get(name) ?? new Set();
  api.attaching.set(name, all.add(attaching));
  const forget = (): void => {
    all.delete(attaching);
    if (all.size === 0 && api.attaching.get(name) === all) api.attaching.delete(name);
  };
  attaching.then(forget, forget);
};

interface Reading {
  readonly attached: Promise<Duplex | undefined>;
  readonly signal: AbortSignal;
}

/**
 * An engine that is killed ends the attach stream as politely as a program does, and the program may have ended before the
 * engine is back. So the log has the last word: on podman always, where it is a file; on docker if the engine went away.
 */
async function* read(api: Api, name: string, from: Offsets, {attached, signal}: Reading): AsyncGenerator<Chunk> {
  const at = {...from};
  const stream = await attached;
  if (stream !== undefined) {
    const {isBroken, held} = yield* fromAttached(stream, at, signal);
    if (!isBroken && api.dialect.logFormat === 'stream' && (await hasEndedHere(api, name, signal)))
      return yield* numbered(await settleInitWords(api, name, held, signal), at);
  }
  yield* readLog(api, name, {...at}, signal);
}

interface Ended {
  readonly isBroken: boolean;
  readonly held: readonly Frame[];
}

async function* fromAttached(stream: Duplex, at: {stdout: number; stderr: number}, signal: AbortSignal): AsyncGenerator<Chunk, Ended> {
  const source = holdingInitWords(untilAborted(stream, signal));
  try {
    for (;;) {
      const next = await source.next();
      if (next.done === true) return {isBroken: false, held: next.value};
      yield chunkOf(next.value, at);
    }
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return {isBroken: true, held: []};
  } finally {
    await source.return([]);
  }
}

/** The stream ends a moment before the engine says that the program has. False if the engine is away, or the program runs on. */
const hasEndedHere = async (api: Api, name: string, signal: AbortSignal): Promise<boolean> => {
  for (const until = performance.now() + ENDS_WITHIN_MS; performance.now() < until; await delay(POLL_MS, undefined, {signal})) {
    const state = await inspect(api, name, signal).then(stateOf, (error: unknown) => {
      if (isConnectionLoss(error)) return undefined;
      throw error;
    });
    if (state === undefined) return false;
    if (state.is !== 'running' && state.is !== 'paused') return true;
  }
  return false;
};

async function* untilAborted(stream: Duplex, signal: AbortSignal): AsyncGenerator<Frame> {
  const abort = (): void => void stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  try {
    signal.throwIfAborted();
    yield* frames(stream);
  } finally {
    signal.removeEventListener('abort', abort);
    stream.destroy();
  }
}

/** Gives each frame its offset and moves `at` along. */
export async function* numbered(
  source: AsyncIterable<Frame> | Iterable<Frame>,
  at: {stdout: number; stderr: number},
): AsyncGenerator<Chunk> {
  for await (const frame of source) yield chunkOf(frame, at);
}

const chunkOf = ({stream, bytes}: Frame, at: {stdout: number; stderr: number}): Chunk => {
  const offset = at[stream];
  at[stream] += bytes.length;
  return {stream, offset, bytes};
};
