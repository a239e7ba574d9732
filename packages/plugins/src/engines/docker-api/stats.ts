import type {Box, Usage} from '@boxyard/core/plugin-api';
import {call, container, type Api} from './api.ts';

interface Sample {
  readonly cpu_stats?: {readonly cpu_usage?: {readonly total_usage?: number}};
  readonly memory_stats?: {readonly usage?: number; readonly stats?: Readonly<Record<string, number>>};
  readonly pids_stats?: {readonly current?: number};
  readonly networks?: Readonly<Record<string, {readonly rx_bytes: number; readonly tx_bytes: number}>> | null;
}

/** Memory without what the kernel keeps only as cache of files, as people expect it. */
export const stats = async (api: Api, box: Box, signal: AbortSignal): Promise<Usage> => {
  const sample = await call(api, `measure ${box.name}`, signal, () => sampleOf(api, box.name, signal));
  const {usage = 0, stats: memory = {}} = sample.memory_stats ?? {};
  const networks = Object.values(sample.networks ?? {});
  return {
    cpuSeconds: (sample.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e9,
    memoryBytes: Math.max(0, usage - (memory['inactive_file'] ?? memory['total_inactive_file'] ?? 0)),
    ...(sample.pids_stats?.current === undefined ? {} : {pids: sample.pids_stats.current}),
    receivedBytes: networks.reduce((sum, one) => sum + one.rx_bytes, 0),
    sentBytes: networks.reduce((sum, one) => sum + one.tx_bytes, 0),
  };
};

/** The typings know the stream form only. */
const sampleOf = async (api: Api, name: string, signal: AbortSignal): Promise<Sample> => {
  const options = {stream: false, 'one-shot': true, abortSignal: signal} as {stream: false};
  return (await container(api, name).stats(options)) as Sample;
};
