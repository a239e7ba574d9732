import {uptime} from 'node:os';
import {setTimeout as delay} from 'node:timers/promises';
import type Docker from 'dockerode';
import type {BoxState, Exit} from '@boxyard/core/plugin-api';
import {isHere} from '../process-tree.ts';
import {call, callOrMissing, container, type Api} from './api.ts';
import {isConnectionLoss} from './errors.ts';
import {withShellCode} from './missing-program.ts';

const WATCH_MS = 20;
const RECHECK_MS = 5_000;
const ENGINE_AWAY_MS = 500;
/** podman says so of a program a moment after it has ended; of one that is on another machine it always does. */
const UNSEEN_LOOKS = 50;

/** An engine also answers to the beginning of an id, so a name that looks like one is compared. */
export const inspect = async (api: Api, name: string, signal: AbortSignal): Promise<Docker.ContainerInspectInfo | undefined> => {
  const info = await callOrMissing(api, `inspect ${name}`, signal, () => container(api, name).inspect({abortSignal: signal} as object));
  if (info === undefined || info.Name.replace(/^\//, '') !== name) return undefined;
  return api.dialect.logFormat === 'k8s-file' ? withShellCode(info) : info;
};

export const stateOf = (info: Docker.ContainerInspectInfo | undefined): BoxState => {
  if (info === undefined) return {is: 'gone'};
  const {State: state} = info;
  if (state.Paused) return {is: 'paused', since: state.StartedAt};
  if (state.Running) return {is: 'running', since: state.StartedAt};
  const status: string = state.Status;
  if (hasRun(state)) {
    if (status === 'created' || status === 'configured')
      return {is: 'exited', exit: {unknown: 'the machine went down'}, at: state.StartedAt};
    return {is: 'exited', exit: exitOf(state), at: state.FinishedAt};
  }
  if (state.ExitCode !== 0) return {is: 'exited', exit: exitOf(state), at: state.FinishedAt};
  return {is: 'created'};
};

const hasRun = (state: Docker.ContainerInspectInfo['State']): boolean => !state.StartedAt.startsWith('0001-');

/** docker gives 255 to what it finds ended after a start of the machine: nobody saw that end. */
const exitOf = (state: Docker.ContainerInspectInfo['State']): Exit => {
  const bootedAt = Date.now() - uptime() * 1_000;
  if (state.ExitCode === 255 && Date.parse(state.StartedAt) < bootedAt && Date.parse(state.FinishedAt) > bootedAt)
    return {unknown: 'the machine went down'};
  // A main program that went on after the kernel killed a child of it did not end for lack of memory.
  return state.OOMKilled && state.ExitCode !== 0 ? {code: state.ExitCode, outOfMemory: true} : {code: state.ExitCode};
};

/**
 * Waits for the main process's end, through restarts of the engine: while it does not answer, it is asked again until the
 * signal ends the wait. A box that is gone is a `not-found` fault.
 */
export const waitForEnd = async (api: Api, name: string, signal: AbortSignal): Promise<Exit> => {
  for (let unseen = 0; ;) {
    const info = await throughRestarts(() => inspect(api, name, signal), signal);
    const state = stateOf(info);
    if (state.is === 'exited') return state.exit;
    if (state.is === 'gone') throw api.host.fault('not-found', `no box ${name}`);
    const pid = info?.State.Pid ?? 0;
    if (state.is === 'created') await delay(WATCH_MS, undefined, {signal});
    else if (api.dialect.wait === 'engine' || unseen > UNSEEN_LOOKS) await waitOnce(api, name, signal);
    else if (isHere(pid)) await watchProcess(pid, signal);
    else {
      unseen += 1;
      await delay(WATCH_MS, undefined, {signal});
    }
  }
};

const waitOnce = async (api: Api, name: string, signal: AbortSignal): Promise<void> => {
  await throughRestarts(
    () =>
      callOrMissing(api, `wait for ${name}`, signal, () =>
        container(api, name).wait({condition: 'not-running', abortSignal: signal} as object),
      ),
    signal,
  );
};

/** podman's own wait answers 200 ms late; looking at the process costs nothing. The state is asked again now and then, as pids come back. */
const watchProcess = async (pid: number, signal: AbortSignal): Promise<void> => {
  const until = performance.now() + RECHECK_MS;
  while (isHere(pid) && performance.now() < until) await delay(WATCH_MS, undefined, {signal});
  if (!isHere(pid)) await delay(5, undefined, {signal});
};

/** An engine that went away is asked again until the signal ends it. */
export const throughRestarts = async <T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      await delay(ENGINE_AWAY_MS, undefined, {signal});
    }
  }
};

/** Sends a signal to the main process; a box that does not run is fine. */
export const signalMain = async (api: Api, name: string, kind: string, signal: AbortSignal): Promise<void> => {
  await call(api, `stop ${name}`, signal, async () => {
    try {
      await container(api, name).kill({signal: kind, abortSignal: signal});
    } catch (error) {
      const {statusCode, json} = error as {statusCode?: number; json?: {message?: string}};
      const isOver = statusCode === 404 || statusCode === 409 || /not running|can only kill running/i.test(json?.message ?? '');
      if (!isOver) throw error;
    }
  });
};
