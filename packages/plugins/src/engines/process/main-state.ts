import {readFile, writeFile} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {BoxState, Exit, Host} from '@boxyard/core/plugin-api';
import {isHere, killTree, type Marker} from '../process-tree.ts';
import {fileOf, readKept, readRun, readText, timeOf, writeWhole, type BoxDir, type Run} from './box-dir.ts';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 40;
const START_MS = 10_000;

/** In the environment of everything that runs in a box. */
export const markerOf = (box: BoxDir): Marker => ({name: 'BOXYARD_BOX', value: box.name});

export const stateOf = async (box: BoxDir): Promise<BoxState> => {
  if ((await readKept(box)) === undefined) return {is: 'gone'};
  const run = await readRun(box);
  if (run === undefined) return beforeRun(box);
  const ended = await endOf(box);
  if (ended !== undefined) return ended;
  if (await isAlive(run)) return {is: 'running', since: run.since};
  // The shell writes the code and ends; it may have done both since we looked.
  return (await endOf(box)) ?? {is: 'exited', exit: {unknown: 'nobody saw its end'}, at: run.since};
};

const beforeRun = async (box: BoxDir): Promise<BoxState> => {
  const started = await timeOf(fileOf(box, 'started'));
  if (started === undefined) return {is: 'created'};
  const ended = await endOf(box);
  if (ended !== undefined) return ended;
  if (Date.now() - started.getTime() < START_MS) return {is: 'created'};
  return {is: 'exited', exit: {unknown: 'its start was interrupted'}, at: started.toISOString()};
};

/** What the supervising shell wrote, or what we wrote when we killed it too. */
const endOf = async (box: BoxDir): Promise<BoxState | undefined> => {
  const code = (await codeIn(box, 'exit')) ?? (await codeIn(box, 'killed'));
  if (code === undefined) return undefined;
  const at = (await timeOf(fileOf(box, 'exit'))) ?? new Date();
  return {is: 'exited', exit: {code}, at: at.toISOString()};
};

/** A whole line only: what stands behind it is the room that was taken for it. */
const codeIn = async (box: BoxDir, name: 'exit' | 'killed'): Promise<number | undefined> => {
  const line = /^(\d+)\n/.exec((await readText(fileOf(box, name))) ?? '');
  return line === null ? undefined : Number(line[1]);
};

/** Kept beside the shell's own file, which wins: the program may have ended a moment before it was killed. */
export const recordKilled = (box: BoxDir, code: number): Promise<void> =>
  writeWhole(fileOf(box, 'killed'), `${code}\n`).catch((error: NodeJS.ErrnoException) => {
    // Without room for the code it is killed all the same, and its end is one that nobody saw.
    if (error.code !== 'ENOSPC') throw error;
  });

const isAlive = async (run: Run): Promise<boolean> => {
  if (run.boot !== (await bootId())) return false;
  if (run.pid === undefined) return true;
  return isHere(run.pid) && (await startedTicks(run.pid)) === run.startedTicks;
};

/** Changes with every start of the machine; where there is none, the time of the start stands for it. */
export const bootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined))?.trim() ?? 'unknown';

/** A zombie counts as ended: only its collection is left. */
export const startedTicks = async (pid: number): Promise<string | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return process.platform === 'linux' ? undefined : 'unknown';
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
};

/** Resolves with the end, after whatever the program left running has been killed, as the end of a container does. */
export const waitForEnd = async (box: BoxDir, host: Host, signal: AbortSignal): Promise<Exit> => {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, MAX_POLL_MS)) {
    signal.throwIfAborted();
    const state = await stateOf(box);
    if (state.is === 'gone') throw host.fault('not-found', `no box ${box.name}`);
    if (state.is === 'exited') {
      await sweep(box);
      return state.exit;
    }
    await delay(pause, undefined, {signal});
  }
};

/** Once for each end, whoever sees it first. */
const sweep = async (box: BoxDir): Promise<void> => {
  if ((await timeOf(fileOf(box, 'swept'))) !== undefined) return;
  await killTree(markerOf(box), 'SIGKILL');
  await writeFile(fileOf(box, 'swept'), '', {mode: 0o600}).catch(() => undefined);
};
