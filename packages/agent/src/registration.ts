import {arch, cpus, hostname, platform, totalmem} from 'node:os';
import {OWN_RANGE, type FromAgent, type Platform} from '@boxyard/core/protocol';
import {bootId} from './clock.ts';
import type {AgentConfig} from './config.ts';
import type {Displays} from './displays.ts';
import type {Engines} from './engines.ts';
import type {Journal} from './journal.ts';

export interface Self {
  readonly journal: Journal;
  readonly machine: string;
  readonly process: string;
  readonly installation: string | undefined;
}

/** Who this agent is; the first frame of every connection. */
export function helloOf({journal, machine, process, installation}: Self): Extract<FromAgent, {type: 'hello'}> {
  return {
    type: 'hello',
    protocol: OWN_RANGE,
    ...(installation === undefined ? {} : {installation}),
    machine,
    process,
    boot: bootId(),
    epoch: Number(journal.meta('epoch') ?? '0'),
    clock: Date.now(),
  };
}

const platforms: Readonly<Partial<Record<NodeJS.Platform, Platform>>> = {linux: 'linux', darwin: 'darwin', win32: 'windows'};

export const platformHere = (): Platform => platforms[platform()] ?? 'linux';

/** What this worker offers; sent after every hello and when an engine comes or goes. */
export function registration(
  config: AgentConfig,
  {engines, displays}: {readonly engines: Engines; readonly displays: Displays},
  version: string,
): Extract<FromAgent, {type: 'worker.register'}> {
  const reports = engines.reports();
  const optional = {slots: config.slots, memory: config.memory, floor: config.floor};
  return {
    type: 'worker.register',
    name: config.name,
    hostname: hostname().slice(0, 253),
    platform: platformHere(),
    arch: arch(),
    cpuCount: Math.max(1, cpus().length),
    memoryTotal: totalmem(),
    containerEngines: reports.filter(one => one.usable).map(one => one.name),
    agentVersion: version,
    mode: config.mode,
    engines: reports,
    displays: displays.reports(),
    labels: {...config.labels},
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
  };
}

const RECENT_MS = 60_000;

/** Everything unfinished, and what ended within the last minute. */
export function journalReport(journal: Journal, epoch: number, nowMs: number): Extract<FromAgent, {type: 'worker.journal'}> {
  const recent = [...journal.recent].filter(row => journal.find(row.job) === undefined);
  const jobs = [...journal.jobs, ...recent]
    .filter(row => row.state === 'accepted' || row.state === 'running' || row.state === 'ended' || nowMs - row.changedAt < RECENT_MS)
    .map(row => ({
      job: row.job,
      attempt: row.attempt,
      state: row.state === 'stored' ? ('ended' as const) : row.state,
      at: Math.max(0, Math.round(row.changedAt)),
    }));
  return {type: 'worker.journal', epoch, jobs};
}
