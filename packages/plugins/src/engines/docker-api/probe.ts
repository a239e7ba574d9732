import type {Probe, Restriction} from '@boxyard/core/plugin-api';
import {call, type Api} from './api.ts';
import type {Connector} from './connector.ts';

/** Whether the engine answers, and what this machine lets it promise. */
export const probe = async (connector: Connector, signal: AbortSignal): Promise<Probe> => {
  const problem = await connector.unusable();
  if (problem !== undefined) return {usable: false, ...problem};
  const api = await connector.open();
  const version = await call(api, 'ask for its version', signal, () => api.docker.version());
  return {
    usable: true,
    version: version.Version,
    labels: {arch: version.Arch, os: version.Os},
    enforces: await enforces(api, signal),
  };
};

const enforces = async (api: Api, signal: AbortSignal): Promise<Restriction[]> => {
  const info = (await call(api, 'ask what it can', signal, () => api.docker.info())) as Partial<Record<string, unknown>>;
  return [
    ...(info['MemoryLimit'] === true ? ['memory' as const] : []),
    ...(info['CpuCfsQuota'] === true ? ['cpus' as const] : []),
    ...(info['PidsLimit'] === true ? ['pids' as const] : []),
    'network',
    'filesystem',
    'privileges',
  ];
};
