import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Probe, Restriction} from '@boxyard/core/plugin-api';
import {call, type Api} from './api.ts';
import type {Connector} from './connector.ts';
import {nameOf} from './endpoint.ts';
import {tryContainer, type Trial} from './trial.ts';

/** Whether the engine answers and starts containers, and what this machine lets it promise. The trial is made once per engine version and start of the machine. */
export const probe = async (connector: Connector, signal: AbortSignal): Promise<Probe> => {
  const problem = await connector.unusable();
  if (problem !== undefined) return {usable: false, ...problem};
  const api = await connector.open();
  const version = await call(api, 'ask for its version', signal, () => api.docker.version());
  const trial = await rememberedTrial(api, {version: version.Version, arch: version.Arch}, signal);
  if (trial?.runs === false) return {usable: false, why: `it cannot start a container: ${trial.why}`, ...fixOf(connector, trial.why)};
  return {
    usable: true,
    version: version.Version,
    labels: {arch: version.Arch, os: version.Os},
    enforces: await enforces(api, trial?.limits ?? true, signal),
  };
};

const fixOf = (connector: Connector, why: string): {fix?: string} => {
  const fix = connector.fixOf(why);
  return fix === undefined ? {} : {fix};
};

interface Machine {
  readonly version: string;
  readonly arch: string;
}

/** A trial that failed is made again at the next probe: the reason may have been put right. */
const rememberedTrial = async (api: Api, {version, arch}: Machine, signal: AbortSignal): Promise<Trial | undefined> => {
  const file = path.join(api.host.stateDir, 'trial.json');
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const key = [nameOf(api.endpoint), version, arch, boot.trim()].join(' ');
  const known = await readFile(file, 'utf8').then(
    text => JSON.parse(text) as {key?: string; trial?: Trial},
    () => undefined,
  );
  if (known?.key === key && known.trial !== undefined) return known.trial;
  const trial = await tryContainer(api, arch, signal);
  if (trial?.runs === true) await writeFile(file, JSON.stringify({key, trial}), {mode: 0o600});
  return trial;
};

const enforces = async (api: Api, canLimit: boolean, signal: AbortSignal): Promise<Restriction[]> => {
  const always: Restriction[] = ['network', 'filesystem', 'privileges'];
  if (!canLimit) return always;
  const info = (await call(api, 'ask what it can', signal, () => api.docker.info())) as Partial<Record<string, unknown>>;
  return [
    ...(info['MemoryLimit'] === true ? ['memory' as const] : []),
    ...(info['CpuCfsQuota'] === true ? ['cpus' as const] : []),
    ...(info['PidsLimit'] === true ? ['pids' as const] : []),
    ...always,
  ];
};
