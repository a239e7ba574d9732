import os from 'node:os';
import type {Box, Engine, Host, Probe} from '@boxyard/core/plugin-api';
import {killTree} from '../process-tree.ts';
import {boxDir, readKept} from './box-dir.ts';
import type {ProcessConfig} from './config.ts';
import {createBox, findBox, listBoxes, type Place} from './boxes.ts';
import {exec, type Where} from './exec.ts';
import {findIdentity, howToAddUser} from './identity.ts';

/** Boxes without a container: a folder, and processes of an unprivileged user. Nothing is isolated, and `enforces` says so. */
export const createProcessEngine = (config: ProcessConfig, host: Host): Engine => {
  const here = async (): Promise<Place> => {
    const answer = await look(config, host);
    if ('why' in answer) throw host.fault('unavailable', `process: ${answer.why}`, {hint: answer.fix});
    return answer;
  };
  return {
    probe: async () => {
      const answer = await look(config, host);
      return 'why' in answer ? {usable: false, ...answer} : usable();
    },
    create: async (spec, signal) => createBox(await here(), spec, signal),
    find: async name => findBox(await here(), name),
    list: async labels => listBoxes(await here(), labels),
    features: {
      exec: async (box, command, signal) => {
        const where = await whereOf(await here(), box);
        signal.throwIfAborted();
        return exec(where, command);
      },
      killMarked: (_box, variable) => killTree(variable, 'SIGKILL'),
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
