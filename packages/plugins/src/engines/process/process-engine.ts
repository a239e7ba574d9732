import os from 'node:os';
import type {Box, Engine, Features, Host, Probe} from '@boxyard/core/plugin-api';
import {killTree} from '../process-tree.ts';
import {boxDir, readKept} from './box-dir.ts';
import type {ProcessConfig} from './config.ts';
import {createBox, findBox, listBoxes} from './boxes.ts';
import {connectTo} from './connect.ts';
import {exec, type Where} from './exec.ts';
import {getFiles, putFiles} from './files.ts';
import {findIdentity, howToAddUser, type Place} from './identity.ts';
import {stats} from './stats.ts';
import {terminal} from './terminal.ts';
import {removeVolume} from './volumes.ts';

/** As whom programs run takes two programs to find out, and hardly ever changes. */
const knownMs = 60_000;

/** Boxes without a container: a folder, and processes of an unprivileged user. Nothing is isolated, and `enforces` says so. */
export const createProcessEngine = (config: ProcessConfig, host: Host): Engine => {
  let known: {readonly place: Place; readonly at: number} | undefined;
  const lookAgain = async () => {
    const answer = await look(config, host);
    known = 'why' in answer ? undefined : {place: answer, at: performance.now()};
    return answer;
  };
  const here = async (): Promise<Place> => {
    if (known !== undefined && performance.now() - known.at < knownMs) return known.place;
    const answer = await lookAgain();
    if ('why' in answer) throw host.fault('unavailable', `process: ${answer.why}`, {hint: answer.fix});
    return answer;
  };
  return {
    probe: async () => {
      const answer = await lookAgain();
      return 'why' in answer ? {usable: false, ...answer} : usable();
    },
    create: async (spec, signal) => createBox(await here(), spec, signal),
    find: async name => findBox(await here(), name),
    list: async labels => listBoxes(await here(), labels),
    features: features(here),
  };
};

const features = (here: () => Promise<Place>): Features => {
  const at = async (box: Box, signal: AbortSignal): Promise<Where> => {
    signal.throwIfAborted();
    return whereOf(await here(), box);
  };
  return {
    exec: async (box, command, signal) => exec(await at(box, signal), command),
    terminal: async (box, command, size, signal) => terminal(await at(box, signal), command, size),
    killMarked: (_box, variable) => killTree(variable, 'SIGKILL'),
    connect: async (box, port, signal) => connectTo(port, (await at(box, signal)).host, signal),
    stats: async (box, signal) => stats((await at(box, signal)).box),
    removeVolume: async (name, signal) => removeVolume(await here(), name, signal),
    files: {
      put: async (box, folder, tar, signal) => putFiles(await at(box, signal), folder, tar, signal),
      get: async (box, folder, signal) => getFiles(await at(box, signal), folder),
    },
  };
};

const look = async (config: ProcessConfig, host: Host): Promise<Place | {why: string; fix: string}> => {
  if (process.platform === 'win32') return {why: 'it needs Linux or macOS', fix: 'Use podman or docker.'};
  if (!config.enabled) return {why: 'it is switched off on this worker', fix: 'boxyard worker join --engine process'};
  const identity = await findIdentity(config, host);
  if (identity === undefined) return {why: `there is no user ${config.user} to run as`, fix: howToAddUser(config.user)};
  return {identity, host};
};

const usable = (): Probe => ({
  usable: true,
  version: os.release(),
  labels: {arch: process.arch === 'x64' ? 'amd64' : process.arch, os: process.platform},
  enforces: [],
});

const whereOf = async ({identity, host}: Place, box: Box): Promise<Where> => {
  const dir = boxDir(host.stateDir, identity.work, box.name);
  const kept = await readKept(dir);
  if (kept === undefined) throw host.fault('not-found', `no box ${box.name}`);
  return {box: dir, kept, identity, host};
};
