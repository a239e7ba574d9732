import {randomUUID} from 'node:crypto';
import type {Readable} from 'node:stream';
import type {BoxSpec} from '@boxyard/core/plugin-api';
import {writeTar} from '../tar-streams.ts';
import type {Api} from './api.ts';
import {apiBox} from './api-box.ts';
import {createBody} from './box-spec.ts';
import {readEvents} from './engine-events.ts';
import {faultOf} from './errors.ts';
import {trialProgram} from './trial-program.ts';

/** What a container of this machine turned out to be able to do. */
export type Trial = {readonly runs: true; readonly limits: boolean} | {readonly runs: false; readonly why: string};

/** podman takes no tag here, so the name itself is new each time. */
const IMAGE = 'localhost/boxyard-probe';
const MIB = 2 ** 20;

/**
 * Starts a container with limits and, if that is refused, one without. An engine may answer every question and still start
 * nothing, or take limits it cannot set: only a run tells. Nothing stays behind. Undefined: cannot be tried on this machine.
 */
export const tryContainer = async (api: Api, arch: string, signal: AbortSignal): Promise<Trial | undefined> => {
  const program = trialProgram(arch);
  if (program === undefined) return undefined;
  const mark = randomUUID();
  const repo = `${IMAGE}-${mark}`;
  const image = `${repo}:latest`;
  try {
    await importProgram(api, program, repo, signal);
    const limited = await runOnce(
      api,
      {...plain, image, name: `boxyard-probe-${mark}`, limits: {memoryBytes: 64 * MIB, cpus: 0.5, pids: 32}},
      signal,
    );
    if (limited === undefined) return {runs: true, limits: true};
    const bare = await runOnce(api, {...plain, image, name: `boxyard-probe-${mark}`}, signal);
    return bare === undefined ? {runs: true, limits: false} : {runs: false, why: bare};
  } finally {
    await api.docker
      .getImage(image)
      .remove({force: true})
      .catch(() => undefined);
  }
};

const plain: Omit<BoxSpec, 'name' | 'image'> = {
  labels: {'io.boxyard.probe': 'true'},
  main: ['/probe'],
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  ports: [],
  network: 'none',
  readOnlyRoot: false,
};

const importProgram = async (api: Api, program: Buffer, repo: string, signal: AbortSignal): Promise<void> => {
  const pack = writeTar();
  pack.entry({name: 'probe', mode: 0o755, size: program.length}).end(program);
  pack.finalize();
  try {
    const events = await api.docker.importImage(pack, {repo, tag: 'latest', abortSignal: signal} as object);
    await readEvents(events as Readable, () => undefined, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw faultOf(api.host, error, 'import an image for a trial');
  }
};

/** Why it did not run, or nothing. */
const runOnce = async (api: Api, spec: BoxSpec, signal: AbortSignal): Promise<string | undefined> => {
  const box = apiBox(api, spec.name, spec.labels);
  try {
    await api.docker.createContainer({...(await createBody(spec, api.dialect, api.host)), abortSignal: signal});
    await box.start(undefined, signal);
    const exit = await box.wait(signal);
    return 'code' in exit && exit.code === 0 ? undefined : `a trial container ended with ${JSON.stringify(exit)}`;
  } catch (error) {
    signal.throwIfAborted();
    return firstLine(faultOf(api.host, error, 'start a trial container').message);
  } finally {
    await box.remove(AbortSignal.timeout(20_000)).catch(() => undefined);
  }
};

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 300);
