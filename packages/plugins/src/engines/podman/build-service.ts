import {randomUUID} from 'node:crypto';
import {mkdir, readFile, readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import type {Features, Host} from '@boxyard/core/plugin-api';
import type {Api} from '../docker-api/api.ts';
import {build} from '../docker-api/build.ts';
import {buildAgain} from './build-again.ts';
import type {Connector} from '../docker-api/connector.ts';
import {isHere} from '../process-tree.ts';
import {launchService, privateSocket, type Launch} from './service.ts';
import {endService} from './service-process.ts';

/**
 * Below this version a build is killed by what else its service does: podman asks the kernel to kill a step when the thread that
 * started it ends, and setting up a container's network ends threads. Source: podman issue 17918, mended in buildah 1.31.
 * Measured with 4.3.1 beside three loops of short containers: 22 of 40 builds failed with "while running runtime: signal: killed".
 */
const SAFE = {major: 4, minor: 6};

/** A build in a service of its own where that is needed and can be had, and else in the one that everything uses. */
export const buildApart =
  (connector: Connector, launch: Omit<Launch, 'name' | 'endpoint'>): NonNullable<Features['build']> =>
  async (wanted, log, signal) => {
    const shared = await connector.open();
    if (await isSafe(shared)) return build(shared, wanted, log, signal);
    const own = await ownService(shared, connector, launch);
    try {
      return await buildAgain(wanted.context, log, signal, context => build(own?.api ?? shared, {...wanted, context}, log, signal));
    } finally {
      await own?.end();
    }
  };

const isSafe = async ({docker}: Api): Promise<boolean> => {
  const version = await docker.version().then(
    ({Version}) => Version,
    () => '',
  );
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > SAFE.major || (major === SAFE.major && minor >= SAFE.minor);
};

interface Own {
  readonly api: Api;
  end(): Promise<void>;
}

/** Undefined where none starts, or where it would keep its images elsewhere: the one that answers may be another user's. */
const ownService = async (shared: Api, connector: Connector, launch: Omit<Launch, 'name' | 'endpoint'>): Promise<Own | undefined> => {
  const {host, env} = launch;
  const name = `build-${randomUUID().slice(0, 8)}`;
  const endpoint = {socketPath: privateSocket(host.stateDir, name)};
  const scratch = ownScratch(env, name);
  try {
    await clearAway(launch);
    await mkdir(scratch, {mode: 0o700});
    const found = await launchService({...launch, name, endpoint, env: {...servingEnv(env), TMPDIR: scratch}}, connector.at);
    if (found === undefined) return undefined;
    const own = {api: connector.at(found), end: () => end(launch, name, endpoint)};
    if ((await storeOf(own.api)) === (await storeOf(shared))) return own;
    await own.end();
  } catch (error) {
    host.log('warn', 'a build has no podman service of its own', {error: String(error)});
    await end(launch, name, endpoint);
  }
  return undefined;
};

type Where = Pick<Launch, 'host' | 'env'>;

/** Where podman unpacks the files of a build and the layers of a pull. */
export const scratchOf = (env: NodeJS.ProcessEnv): string => env['TMPDIR'] ?? '/var/tmp';

/** Of one build, so that it can be removed: podman leaves what it could not unpack whole. */
const ownScratch = (env: NodeJS.ProcessEnv, name: string): string => path.join(scratchOf(env), `boxyard-${name}`);

/** A podman that is told of another one is that one's client and serves nobody. */
const servingEnv = ({CONTAINER_HOST: _host, CONTAINER_CONNECTION: _connection, ...rest}: NodeJS.ProcessEnv): NodeJS.ProcessEnv => rest;

const storeOf = async ({docker}: Api): Promise<string> => ((await docker.info()) as {DockerRootDir?: string}).DockerRootDir ?? '';

/** What an agent that was killed in the middle of a build left: its service has ended by itself. */
const clearAway = async (launch: Where): Promise<void> => {
  const {host} = launch;
  for (const file of await readdir(host.stateDir)) {
    const name = /^(build-[0-9a-f]{8})\.pid$/.exec(file)?.[1];
    if (name !== undefined && !isHere(await pidOf(host, name))) await end(launch, name, {socketPath: privateSocket(host.stateDir, name)});
  }
};

const pidOf = async (host: Host, name: string): Promise<number> =>
  Number(await readFile(path.join(host.stateDir, `${name}.pid`), 'utf8').catch(() => '0'));

const end = async ({host, env}: Where, name: string, endpoint: Launch['endpoint']): Promise<void> => {
  const file = (kind: string) => path.join(host.stateDir, `${name}.${kind}`);
  await endService(await pidOf(host, name), endpoint);
  for (const gone of [file('pid'), file('log'), endpoint.socketPath, ownScratch(env, name)]) await rm(gone, {recursive: true, force: true});
};
