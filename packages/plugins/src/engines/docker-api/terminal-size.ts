import {setTimeout as delay} from 'node:timers/promises';
import type {Duplex} from 'node:stream';
import type Docker from 'dockerode';
import type {Size} from '@boxyard/core/plugin-api';
import type {Api} from './api.ts';

const TRIES = 100;
const SAY_AGAIN_MS = [50, 500, 3_000];

interface Running {
  readonly exec: Docker.Exec;
  readonly stream: Duplex;
}

/**
 * Gives a program's terminal its first size and returns what changes it. Changes take effect in the order of the calls, and
 * the last of them holds; a change of a program that has ended does nothing.
 */
export const openSize = async (api: Api, running: Running, first: Size, signal: AbortSignal): Promise<(size: Size) => Promise<void>> => {
  await waitUntilUp(running, signal);
  let last = Promise.resolve();
  let again: NodeJS.Timeout | undefined;
  running.stream.once('close', () => clearTimeout(again));
  const sayAgain = (size: Size, [wait, ...later]: readonly number[]): void => {
    if (wait === undefined || running.stream.destroyed) return;
    again = setTimeout(() => {
      last = last.then(() => send(api, running, size)).catch(() => undefined);
      sayAgain(size, later);
    }, wait);
  };
  const resize = (size: Size): Promise<void> => {
    clearTimeout(again);
    const sent = last.then(() => send(api, running, size));
    last = sent.catch(() => undefined);
    // conmon 2.1 that reads two messages at once obeys the first of them twice, so the last size is said again.
    if (api.dialect.resize === 'unsure') sayAgain(size, SAY_AGAIN_MS);
    return sent;
  };
  await resize(first);
  return resize;
};

/** podman takes a resize of a program that is not up yet, and forgets it. */
const waitUntilUp = async ({exec, stream}: Running, signal: AbortSignal): Promise<void> => {
  for (let tries = 0; tries < TRIES && !stream.destroyed && !stream.readableEnded; tries += 1) {
    const state = await exec.inspect().catch(() => undefined);
    if (state === undefined || (state.Running && state.Pid > 0)) return;
    await delay(10, undefined, {signal});
  }
};

/** A program that is not up yet cannot be resized, so this is tried until it is; podman's 201 is no error. */
const send = async (api: Api, {exec, stream}: Running, size: Size): Promise<void> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const error = await exec.resize({h: size.rows, w: size.columns}).then(
      () => undefined,
      (reason: {statusCode?: number}) => reason,
    );
    if (error === undefined || error.statusCode === 201 || stream.destroyed || stream.readableEnded) return;
    const state = await exec.inspect().catch(() => undefined);
    if (state === undefined || (!state.Running && state.Pid !== 0)) return;
    await delay(20);
  }
  throw api.host.fault('timeout', 'resize a terminal: the program did not come up');
};
