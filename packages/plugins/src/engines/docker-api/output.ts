import type {Duplex} from 'node:stream';
import type {Chunk, Offsets} from '@boxyard/core/plugin-api';
import {container, type Api} from './api.ts';
import {faultOf} from './errors.ts';
import {frames, type Frame} from './frames.ts';
import {openHijacked} from './hijack.ts';
import {readLog} from './log.ts';
import {inspect, stateOf, throughRestarts} from './main-end.ts';

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

async function* read(
  api: Api,
  name: string,
  from: Offsets,
  {attached, signal}: {attached: Promise<Duplex | undefined>; signal: AbortSignal},
): AsyncGenerator<Chunk> {
  const at = {...from};
  const stream = await attached;
  if (stream !== undefined) {
    let isBroken = false;
    try {
      yield* numbered(untilAborted(stream, signal), at);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      isBroken = true;
    }
    const state = stateOf(await throughRestarts(() => inspect(api, name, signal), signal));
    if (!isBroken && state.is !== 'running' && state.is !== 'paused') return;
    if (!isBroken && (await endsSoon(api, name, signal))) return;
  }
  for await (const chunk of readLog(api, name, {...at}, signal)) yield chunk;
}

/** The attach stream ends a moment before the engine says that the program has. */
const endsSoon = async (api: Api, name: string, signal: AbortSignal): Promise<boolean> => {
  for (let tries = 0; tries < 50; tries += 1) {
    const state = stateOf(await throughRestarts(() => inspect(api, name, signal), signal));
    if (state.is !== 'running' && state.is !== 'paused') return true;
    await new Promise(resolve => setTimeout(resolve, 20));
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
export async function* numbered(source: AsyncIterable<Frame>, at: {stdout: number; stderr: number}): AsyncGenerator<Chunk> {
  for await (const {stream, bytes} of source) {
    const offset = at[stream];
    at[stream] += bytes.length;
    yield {stream, offset, bytes};
  }
}
