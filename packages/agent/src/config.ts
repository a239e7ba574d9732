import {existsSync, readFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {parse} from 'yaml';
import {z} from 'zod';
import {files, paths, readPrivate, yamlData} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {Profile} from '@boxyard/core/protocol';

type Env = Readonly<Record<string, string | undefined>>;

const PluginEntry = z.union([
  z.string(),
  z.strictObject({
    module: z.string().min(1),
    version: z.string().min(1).optional(),
    integrity: z.string().min(1).optional(),
    config: z.unknown().optional(),
  }),
]);

/** What a file may say: `/etc/boxyard/agent.yaml` (fleet, or `AGENT_CONFIG`) and `config.json` (byom). A typo is an error. */
export const AgentFile = z.strictObject({
  url: z.string().optional(),
  token: z.string().optional(),
  fingerprint: z.string().optional(),
  name: z.string().optional(),
  mode: z.enum(['byom', 'fleet']).optional(),
  dataDir: z.string().optional(),
  podmanPath: z.string().optional(),
  securityFloor: Profile.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  engines: z.array(PluginEntry).optional(),
  displays: z.array(PluginEntry).optional(),
  slots: z.number().int().positive().optional(),
  memory: z.number().int().positive().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
export type AgentFile = z.infer<typeof AgentFile>;

/** What `join` left: who this worker is, at which server. */
export const WorkerFile = z.object({
  worker: z.string(),
  tenant: z.string(),
  credential: z.string(),
  installation: z.string().optional(),
  url: z.string(),
  fingerprint: z.string().optional(),
});
export type WorkerFile = z.infer<typeof WorkerFile>;

export interface EngineToFind {
  readonly module: string;
  readonly config?: unknown;
  readonly version?: string | undefined;
  readonly integrity?: string | undefined;
  /** The file that names it: a path is meant from there, and a package is looked for beside it first. */
  readonly from?: string | undefined;
}

export interface AgentConfig {
  readonly url: string;
  readonly credential: string;
  readonly fingerprint?: string | undefined;
  readonly installation?: string | undefined;
  readonly name: string;
  readonly mode: 'byom' | 'fleet';
  readonly stateDir: string;
  readonly engines: readonly EngineToFind[];
  readonly displays: readonly EngineToFind[];
  readonly floor?: Profile | undefined;
  readonly slots?: number | undefined;
  readonly memory?: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export type AgentFlags = Partial<
  Pick<AgentFile, 'url' | 'name' | 'mode' | 'dataDir' | 'securityFloor' | 'logLevel' | 'slots' | 'memory' | 'engines' | 'labels'>
> & {
  /** Instead of podman and docker, where nothing names any. */
  readonly usualEngines?: AgentFile['engines'];
};

/** What is wrong here was set on this machine. */
const hint = 'boxyard worker run --help';
const DEFAULT_URL = 'ws://localhost:4240/ws/worker';

/** Flag, then environment, then file, then default. The environment's names are read bare and with `BOXYARD_` in front, which wins. */
export function resolveConfig(flags: AgentFlags, env: Env): AgentConfig {
  const at = (name: string) => env[`BOXYARD_${name}`] || env[name] || undefined;
  const asked = flags.mode ?? modeOf(at('AGENT_MODE'));
  const configFile = at('AGENT_CONFIG') ?? usualFile(asked ?? 'byom', env);
  const file = readFile(configFile, at('AGENT_CONFIG') !== undefined);
  const mode = asked ?? file.mode ?? 'byom';
  const worker = mode === 'byom' ? readWorker(env) : undefined;
  const url = flags.url ?? at('ORCHESTRATOR_WS_URL') ?? file.url ?? worker?.url ?? DEFAULT_URL;
  const credential = env['BOXYARD_WORKER_TOKEN'] ?? file.token ?? worker?.credential;
  if (credential === undefined)
    throw new BoxyardError('UNAUTHENTICATED', {}, {message: 'This machine has not joined a server.', hint: 'boxyard worker join'});
  return {
    url: checkUrl(url),
    credential,
    fingerprint: file.fingerprint ?? worker?.fingerprint,
    installation: worker?.installation,
    name: workerName(flags.name ?? at('WORKER_NAME') ?? file.name ?? hostname()),
    mode,
    stateDir: stateDirOf(mode, flags.dataDir ?? at('DATA_DIR') ?? file.dataDir, env),
    engines: enginesOf(flags.engines ?? file.engines ?? flags.usualEngines, {
      podmanPath: at('PODMAN_PATH') ?? file.podmanPath,
      from: flags.engines === undefined ? configFile : undefined,
    }),
    displays: (file.displays ?? ['vnc']).map(entry => ({...(typeof entry === 'string' ? {module: entry} : entry), from: configFile})),
    floor: floorOf(flags.securityFloor ?? at('SECURITY_FLOOR') ?? file.securityFloor),
    slots: flags.slots ?? file.slots,
    memory: flags.memory ?? file.memory,
    labels: {...file.labels, ...flags.labels},
    logLevel: flags.logLevel ?? levelOf(at('LOG_LEVEL')) ?? file.logLevel ?? 'info',
  };
}

export function readWorker(env: Env): WorkerFile | undefined {
  const path = files(paths(env)).worker;
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const parsed = WorkerFile.safeParse(JSON.parse(text));
  if (!parsed.success) throw new BoxyardError('CONFIG_INVALID', {file: path, issue: parsed.error.issues[0]?.message});
  return parsed.data;
}

const usualFile = (mode: 'byom' | 'fleet', env: Env): string =>
  mode === 'fleet' ? '/etc/boxyard/agent.yaml' : join(paths(env).config, 'config.json');

function readFile(path: string, isNamed: boolean): AgentFile {
  if (!existsSync(path)) {
    if (isNamed) throw new BoxyardError('CONFIG_INVALID', {file: path, issue: 'no such file'});
    return {};
  }
  const parsed = AgentFile.safeParse(yamlData(parse, readFileSync(path, 'utf8'), path) ?? {});
  // Only what holds the worker's credential has to be its owner's alone.
  if (parsed.success && parsed.data.token !== undefined) readPrivate(path);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BoxyardError('CONFIG_INVALID', {file: path, issue: `${issue?.path.join('.') || 'the file'}: ${issue?.message}`});
}

/** Fleet keeps its state in `DATA_DIR`, byom in the XDG data directory. */
function stateDirOf(mode: 'byom' | 'fleet', dataDir: string | undefined, env: Env): string {
  if (dataDir !== undefined) return join(dataDir, 'agent');
  return mode === 'fleet' ? '/data/agent' : files(paths(env)).agentData;
}

interface EnginesFrom {
  readonly podmanPath: string | undefined;
  readonly from: string | undefined;
}

function enginesOf(settings: AgentFile['engines'], {podmanPath, from}: EnginesFrom): AgentConfig['engines'] {
  const podman = podmanPath === undefined ? {} : {path: podmanPath};
  return (settings ?? ['podman', 'docker']).map(setting => {
    if (typeof setting !== 'string') return {...setting, from};
    if (setting === 'podman') return {module: 'podman', config: podman};
    // Named by the owner is what switches it on (R8).
    if (setting === 'process') return {module: 'process', config: {enabled: true}};
    return {module: setting, config: {}, from};
  });
}

function checkUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') return url;
  throw new BoxyardError('INVALID_INPUT', {field: 'ORCHESTRATOR_WS_URL', issue: 'expected ws:// or wss://', hint});
}

/** A machine's name as the server takes names. */
export const workerName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63) || 'worker';

function floorOf(value: string | undefined): Profile | undefined {
  if (value === undefined || value === 'none') return undefined;
  const parsed = Profile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BoxyardError('INVALID_INPUT', {
    field: 'SECURITY_FLOOR',
    issue: `expected open, standard, strict or offline, got ${value}`,
    hint,
  });
}

function modeOf(value: string | undefined): 'byom' | 'fleet' | undefined {
  if (value === undefined || value === 'byom' || value === 'fleet') return value;
  throw new BoxyardError('INVALID_INPUT', {field: 'AGENT_MODE', issue: `expected byom or fleet, got ${value}`, hint});
}

function levelOf(value: string | undefined): AgentConfig['logLevel'] | undefined {
  return value === 'debug' || value === 'info' || value === 'warn' || value === 'error' ? value : undefined;
}
