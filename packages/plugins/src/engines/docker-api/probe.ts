import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Labels, Probe, Restriction} from '@boxyard/core/plugin-api';
import {call, type Api} from './api.ts';
import type {Connector} from './connector.ts';
import {nameOf, ping} from './endpoint.ts';
import {faultOf} from './errors.ts';
import {thisArchitecture} from './trial-program.ts';
import {tryContainer} from './trial.ts';

const FAILED_TRIAL_MS = 60_000;

/**
 * Whether the engine answers and starts containers, and what this machine lets it promise. What it can is found out once per
 * engine version and start of the machine; after that a probe is one ping, since podman runs dozens of programs to describe itself.
 */
export const createProbe = (connector: Connector): ((signal: AbortSignal) => Promise<Probe>) => {
  let failed: {readonly key: string; readonly until: number; readonly answer: Probe} | undefined;
  return async signal => {
    const problem = await connector.unusable();
    if (problem !== undefined) return {usable: false, ...problem};
    const api = await connector.open();
    const server = await serverOf(api, signal);
    const key = await keyOf(api, server);
    const known = await readFacts(api, key);
    if (known !== undefined) return {usable: true, ...known};
    if (failed?.key === key && failed.until > performance.now()) return failed.answer;
    const found = await findOut(api, server, signal);
    if (typeof found !== 'string') {
      await writeFile(fileOf(api), JSON.stringify({key, facts: found}), {mode: 0o600});
      return {usable: true, ...found};
    }
    const fix = connector.fixOf(found);
    const answer: Probe = {usable: false, why: `it cannot start a container: ${found}`, ...(fix === undefined ? {} : {fix})};
    failed = {key, until: performance.now() + FAILED_TRIAL_MS, answer};
    return answer;
  };
};

interface Facts {
  readonly version: string;
  readonly labels: Labels;
  readonly enforces: readonly Restriction[];
}

/** What the engine calls itself, such as `Libpod/4.3.1 (linux)`. */
const serverOf = (api: Api, signal: AbortSignal): Promise<string> =>
  ping(api.endpoint, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw faultOf(api.host, error, 'ask whether it is there');
  });

/** Which engine, in which version, since which start of the machine. */
const keyOf = async (api: Api, server: string): Promise<string> => {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [nameOf(api.endpoint), server, boot.trim()].join(' ');
};

const fileOf = (api: Api): string => path.join(api.host.stateDir, 'machine.json');

/** A file that a crash of the machine left empty or torn says nothing: the engine is looked at anew. */
const readFacts = async (api: Api, key: string): Promise<Facts | undefined> => {
  try {
    const kept = JSON.parse(await readFile(fileOf(api), 'utf8')) as {key?: string; facts?: Facts} | null;
    return kept?.key === key ? kept.facts : undefined;
  } catch {
    return undefined;
  }
};

/** The facts, or why no container starts. */
const findOut = async (api: Api, server: string, signal: AbortSignal): Promise<Facts | string> => {
  const {version, arch} = await describe(api, server, signal);
  const trial = await tryContainer(api, arch, signal);
  if (trial?.runs === false) return trial.why;
  return {version, labels: {arch, os: 'linux'}, enforces: await enforces(api, {server, canLimit: trial?.limits ?? true}, signal)};
};

/** podman looks itself up in the package database, program by program, to answer `version` or `info`: its ping says enough. */
const describe = async (api: Api, server: string, signal: AbortSignal): Promise<{version: string; arch: string}> => {
  if (isPodman(server)) return {version: server.slice('Libpod/'.length).split(' ', 1)[0] ?? '', arch: thisArchitecture()};
  const told = await call(api, 'ask for its version', signal, () => api.docker.version());
  return {version: told.Version, arch: told.Arch};
};

const isPodman = (server: string): boolean => server.startsWith('Libpod/');

const enforces = async (api: Api, {server, canLimit}: {server: string; canLimit: boolean}, signal: AbortSignal): Promise<Restriction[]> => {
  const always: Restriction[] = ['network', 'filesystem', 'privileges'];
  if (!canLimit) return always;
  // runc and crun fail where they cannot set a limit, so podman's trial has told; Docker takes limits it cannot set.
  if (isPodman(server)) return ['memory', 'cpus', 'pids', ...always];
  const info = (await call(api, 'ask what it can', signal, () => api.docker.info())) as Partial<Record<string, unknown>>;
  return [
    ...(info['MemoryLimit'] === true ? ['memory' as const] : []),
    ...(info['CpuCfsQuota'] === true ? ['cpus' as const] : []),
    ...(info['PidsLimit'] === true ? ['pids' as const] : []),
    ...always,
  ];
};
