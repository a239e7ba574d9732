import {createHash} from 'node:crypto';
import {access, chmod, mkdir, open, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir, userInfo} from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Host} from '@boxyard/core/plugin-api';
import type {Api, Endpoint} from '../docker-api/api.ts';
import {tryEndpoint} from '../docker-api/endpoint.ts';
import {tryContainer} from '../docker-api/trial.ts';
import {thisArchitecture} from '../docker-api/trial-program.ts';
import {isHere} from '../process-tree.ts';
import type {PodmanConfig} from './config.ts';
import {containersConf} from './containers-conf.ts';
import {endService, findPodman, startService} from './service-process.ts';

/** A service nobody talks to ends by itself, so nobody has to end it; boxes do not need it. */
const IDLE_SECONDS = 300;
const READY_MS = 15_000;
const LOCK_MS = 60_000;
const MAX_SOCKET_PATH = 100;

export interface Launch {
  readonly config: PodmanConfig;
  readonly host: Host;
  readonly env: NodeJS.ProcessEnv;
  /** Of its log and its pid in the state folder. */
  readonly name: string;
  readonly endpoint: {readonly socketPath: string};
  /** A container was seen to start in a service with this environment: it need not be tried again. */
  readonly fit: {isKnown: boolean};
}

/** In the state folder, or where that is too deep for a socket, in a folder only we may enter. */
export const privateSocket = (stateDir: string, name = 'podman'): string => {
  const wanted = path.join(stateDir, `${name}.sock`);
  if (wanted.length <= MAX_SOCKET_PATH) return wanted;
  const short = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  return path.join(tmpdir(), `boxyard-podman-${userInfo().uid}-${short}`, `${name}.sock`);
};

/**
 * Starts `podman system service` in a process group of its own, so that it outlives whoever needed it first. Agent and session
 * host may both come here: one of them starts it, the other waits. Undefined where there is no podman.
 */
export const launchService = async (launch: Launch, connectTo: (endpoint: Endpoint) => Api): Promise<Endpoint | undefined> => {
  const program = await findPodman(launch.config.path ?? launch.env['PODMAN_PATH'], launch.env['PATH'] ?? '');
  if (program === undefined) return undefined;
  await makePrivateFolder(path.dirname(launch.endpoint.socketPath));
  const release = await takeLock(path.join(launch.host.stateDir, 'service.lock'));
  try {
    if ((await tryEndpoint(launch.endpoint)) === undefined) return launch.endpoint;
    await startFitting(launch, program, connectTo);
    return launch.endpoint;
  } finally {
    await release();
  }
};

/** As the machine is set up; and if no container starts that way, with settings of our own, if one does that way. */
const startFitting = async (launch: Launch, program: string, connectTo: (endpoint: Endpoint) => Api): Promise<void> => {
  const {host, env, fit, endpoint, name} = launch;
  const own = path.join(host.stateDir, 'containers.conf');
  const isThere = await access(own).then(
    () => true,
    () => false,
  );
  const start = (conf?: string) =>
    startService({program, host, name, endpoint, idleSeconds: IDLE_SECONDS, env: {...env, ...(conf && {CONTAINERS_CONF: conf})}});
  const first = await start(isThere ? own : undefined);
  if (isThere || fit.isKnown || env['CONTAINERS_CONF'] !== undefined) return;
  const before = await trial(launch, connectTo);
  fit.isKnown = before === undefined;
  if (before === undefined) return;
  host.log('warn', 'podman starts no container as it is set up here; trying settings of our own', {why: before});
  await writeFile(own, await containersConf(env['PATH'] ?? ''), {mode: 0o600});
  await endService(first, endpoint);
  const second = await start(own);
  if ((await trial(launch, connectTo)) === undefined) return;
  await rm(own, {force: true});
  await endService(second, endpoint);
  await start();
};

/** Why no container with limits starts, or nothing. */
const trial = async (launch: Launch, connectTo: (endpoint: Endpoint) => Api): Promise<string | undefined> => {
  const api = connectTo(launch.endpoint);
  const signal = AbortSignal.timeout(READY_MS);
  try {
    const result = await tryContainer(api, thisArchitecture(), signal);
    if (result === undefined || (result.runs && result.limits)) return undefined;
    return result.runs ? 'limits are refused' : result.why;
  } catch (error) {
    return (error as Error).message;
  }
};

const makePrivateFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, {recursive: true, mode: 0o700});
  const {uid} = await stat(folder);
  if (uid !== userInfo().uid) throw new Error(`${folder} belongs to somebody else`);
  await chmod(folder, 0o700);
};

/** A lock whose holder is gone, or has held it for too long, is no lock. */
const takeLock = async (file: string): Promise<() => Promise<void>> => {
  for (const until = performance.now() + LOCK_MS; ; await delay(25)) {
    const mine = await open(file, 'wx', 0o600).catch(() => undefined);
    if (mine !== undefined) {
      await mine.writeFile(String(process.pid));
      await mine.close();
      return () => rm(file, {force: true});
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    const age = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now());
    const isStale = (holder > 0 && !isHere(holder)) || age > LOCK_MS;
    if (isStale || performance.now() > until) await rm(file, {force: true});
  }
};
