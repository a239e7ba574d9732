import {spawn} from 'node:child_process';
import {access, constants, open, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Host} from '@boxyard/core/plugin-api';
import {tryEndpoint} from '../docker-api/endpoint.ts';
import {isHere} from '../process-tree.ts';

const READY_MS = 15_000;
const END_MS = 5_000;

interface Wanted {
  readonly program: string;
  readonly host: Host;
  readonly env: NodeJS.ProcessEnv;
  readonly name: string;
  readonly endpoint: {readonly socketPath: string};
  /** It ends by itself when nobody has talked to it for this long. */
  readonly idleSeconds: number;
}

/** The pid of a `podman system service` that answers; it is in `<name>.pid` too. It lives on when this process ends. */
export const startService = async ({program, host, env, name, endpoint, idleSeconds}: Wanted): Promise<number> => {
  await rm(endpoint.socketPath, {force: true});
  const logFile = path.join(host.stateDir, `${name}.log`);
  const log = await open(logFile, 'w', 0o600);
  const child = spawn(program, ['system', 'service', `--time=${idleSeconds}`, `unix://${endpoint.socketPath}`], {
    // conmon leaves an empty file `oom` in the service's directory when a program of an exec runs out of memory.
    cwd: host.stateDir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env,
  });
  await log.close();
  let ended: string | undefined;
  child.once('error', error => (ended = error.message));
  child.once('exit', code => (ended = `it ended with ${code}`));
  child.unref();
  for (const until = performance.now() + READY_MS; ; await delay(20)) {
    if ((await tryEndpoint(endpoint)) === undefined) {
      await writeFile(path.join(host.stateDir, `${name}.pid`), String(child.pid), {mode: 0o600});
      return child.pid ?? 0;
    }
    if (ended === undefined && performance.now() < until) continue;
    const said = await readFile(logFile, 'utf8').catch(() => '');
    throw host.fault('unavailable', `podman system service: ${ended ?? 'it does not answer'} ${said.trim().slice(-300)}`.trim());
  }
};

export const endService = async (pid: number, endpoint: Wanted['endpoint']): Promise<void> => {
  if (pid > 0 && isHere(pid)) process.kill(pid, 'SIGTERM');
  for (const until = performance.now() + END_MS; (await tryEndpoint(endpoint)) === undefined && performance.now() < until;) await delay(20);
};

export const findPodman = async (named: string | undefined, searchPath: string): Promise<string | undefined> => {
  const places = named?.includes('/') === true ? [named] : searchPath.split(':').map(folder => path.join(folder, named ?? 'podman'));
  for (const place of places) {
    const isProgram = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return place;
  }
  return undefined;
};
