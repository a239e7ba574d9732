import {setTimeout as delay} from 'node:timers/promises';
import {finished} from 'node:stream/promises';
import type {Readable} from 'node:stream';
import type {Box, Labels} from '@boxyard/core/plugin-api';
import {call, container, type Api} from './api.ts';
import {faultOf} from './errors.ts';
import {openHijacked} from './hijack.ts';
import {keepApart} from './keep-apart.ts';
import {inspect, signalMain, stateOf, waitForEnd} from './main-end.ts';
import {openOutput} from './output.ts';
import {giveNetworkBack, isNetworkGone, restNetwork} from './private-network.ts';

const LOOKS_LIKE_AN_ID = /^[0-9a-f]+$/;

export const apiBox = (api: Api, name: string, labels: Labels): Box => ({
  name,
  labels,
  inspect: async signal => stateOf(await inspect(api, name, signal)),
  start: (stdin, signal) => start(api, name, stdin, signal),
  stop: (graceMs, signal) => stop(api, name, graceMs, signal),
  remove: async signal => {
    await remove(api, name, signal);
    restNetwork(api, labels);
  },
  wait: signal => waitForEnd(api, name, signal),
  output: (from, signal) => openOutput(api, name, from, signal),
});

const start = async (api: Api, name: string, stdin: Readable | undefined, signal: AbortSignal): Promise<void> => {
  await Promise.allSettled(api.attaching.get(name) ?? []);
  if ((stdin !== undefined || LOOKS_LIKE_AN_ID.test(name)) && (await isRunning(api, name, signal))) return;
  await onItsNetwork(api, name, signal, async () => {
    // podman already sets the network up for this one.
    const input = stdin === undefined ? undefined : await openStdin(api, name, signal);
    try {
      await call(api, `start ${name}`, signal, () => container(api, name).start({abortSignal: signal}).catch(unlessStarted));
    } catch (error) {
      input?.destroy();
      throw error;
    }
    if (input !== undefined && stdin !== undefined) void feed(api, name, stdin, input);
  });
  await keepApart(api);
};

/** Asked where the start itself would not do: input must reach no program that runs already, nor a name that another's id begins with. */
const isRunning = async (api: Api, name: string, signal: AbortSignal): Promise<boolean> => {
  const state = stateOf(await inspect(api, name, signal));
  if (state.is === 'gone') throw api.host.fault('not-found', `no box ${name}`);
  return state.is === 'running';
};

const unlessStarted = (error: unknown): void => {
  if ((error as {statusCode?: number}).statusCode !== 304) throw error;
};

/** The last box of another job takes the network with it, also between a box's making and its start. */
const onItsNetwork = async (api: Api, name: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= 3 || !isNetworkGone(error)) throw error;
      await giveNetworkBack(api, name, signal);
    }
  }
};

const openStdin = async (api: Api, name: string, signal: AbortSignal) => {
  const path = `/containers/${container(api, name).id}/attach?stream=1&stdin=1`;
  const socket = await openHijacked(api.endpoint, {path}, signal).catch((error: unknown) => {
    throw faultOf(api.host, error, `attach to ${name}`);
  });
  // podman sends the output here too; unread, it would stop the program.
  socket.resume();
  return socket;
};

/** The end of `stdin` is EOF. If it breaks instead, the program must not take that for EOF: it is killed first. */
const feed = async (api: Api, name: string, stdin: Readable, socket: Awaited<ReturnType<typeof openStdin>>): Promise<void> => {
  let isBroken = false;
  stdin.once('error', () => (isBroken = true));
  stdin.once('close', () => (isBroken ||= !stdin.readableEnded));
  stdin.on('data', (part: Uint8Array) => {
    if (!socket.write(part)) stdin.pause();
  });
  socket.on('drain', () => stdin.resume());
  socket.once('close', () => stdin.destroy());
  await finished(stdin, {writable: false}).catch(() => undefined);
  if (isBroken && !socket.destroyed) await signalMain(api, name, 'SIGKILL', AbortSignal.timeout(10_000)).catch(() => undefined);
  socket.end();
};

const stop = async (api: Api, name: string, graceMs: number, signal: AbortSignal): Promise<void> => {
  const info = await inspect(api, name, signal);
  const state = stateOf(info);
  if (state.is !== 'running' && state.is !== 'paused') return;
  if (state.is === 'paused') await call(api, `resume ${name}`, signal, () => container(api, name).unpause({abortSignal: signal}));
  if (graceMs > 0) {
    await signalMain(api, name, (info?.Config as {StopSignal?: string} | undefined)?.StopSignal ?? 'SIGTERM', signal);
    if (await endsWithin(api, name, graceMs, signal)) return;
  }
  await signalMain(api, name, 'SIGKILL', signal);
  await waitForEnd(api, name, signal);
};

const endsWithin = async (api: Api, name: string, ms: number, signal: AbortSignal): Promise<boolean> => {
  const grace = AbortSignal.timeout(ms);
  try {
    await waitForEnd(api, name, AbortSignal.any([signal, grace]));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (grace.aborted) return false;
    throw error;
  }
};

const remove = async (api: Api, name: string, signal: AbortSignal): Promise<void> => {
  for (;;) {
    try {
      return await call(api, `remove ${name}`, signal, () => removeOnce(api, name, signal));
    } catch (error) {
      if (!isRemovedElsewhere(error)) throw error;
      if ((await inspect(api, name, signal)) === undefined) return;
      await delay(50, undefined, {signal});
    }
  }
};

const removeOnce = async (api: Api, name: string, signal: AbortSignal): Promise<void> => {
  if (LOOKS_LIKE_AN_ID.test(name) && (await inspect(api, name, signal)) === undefined) return;
  try {
    await container(api, name).remove({force: true, v: true, abortSignal: signal});
  } catch (error) {
    if ((error as {statusCode?: number}).statusCode !== 404) throw error;
  }
};

const isRemovedElsewhere = (error: unknown): boolean => ((error as {cause?: {statusCode?: number}}).cause?.statusCode ?? 0) === 409;
