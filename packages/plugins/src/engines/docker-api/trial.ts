import {randomUUID} from 'node:crypto';
import type {Readable} from 'node:stream';
import type {BoxSpec} from '@boxyard/core/plugin-api';
import {writeTar} from '../tar-streams.ts';
import type {Api} from './api.ts';
import {apiBox} from './api-box.ts';
import {createBody} from './box-spec.ts';
import {readEvents} from './engine-events.ts';
import {faultOf} from './errors.ts';
import {askPodman} from './podman-api.ts';
import {TRIAL_IMAGE, trialProgram} from './trial-program.ts';

/** What a container of this machine turned out to be able to do. */
export type Trial = {readonly runs: true; readonly limits: boolean} | {readonly runs: false; readonly why: string};

const MIB = 2 ** 20;
const FORGOTTEN_SECONDS = 600;

/**
 * Starts a container with limits and, if that is refused, one without. An engine may answer every question and still start
 * nothing, or take limits it cannot set: only a run tells. Nothing stays behind. Undefined: cannot be tried on this machine.
 */
export const tryContainer = async (api: Api, arch: string, signal: AbortSignal): Promise<Trial | undefined> => {
  const program = trialProgram(arch);
  if (program === undefined) return undefined;
  const mark = randomUUID();
  // podman takes no tag here, so the name itself is new each time.
  const repo = `${TRIAL_IMAGE}-${mark}`;
  const image = `${repo}:latest`;
  try {
    await importThrough(() => importProgram(api, program, repo, signal));
    const limited = await runOnce(
      api,
      {...plain, image, name: `boxyard-probe-${mark}`, limits: {memoryBytes: 64 * MIB, cpus: 0.5, pids: 32}},
      signal,
    );
    if (limited === undefined) return {runs: true, limits: true};
    const bare = await runOnce(api, {...plain, image, name: `boxyard-probe-${mark}`}, signal);
    return bare === undefined ? {runs: true, limits: false} : {runs: false, why: bare};
  } finally {
    await forget(api.docker.getImage(image).remove({force: true}));
    await forget(removeForgottenBoxes(api));
    await forget(removeForgottenImages(api));
  }
};

const forget = (removal: Promise<unknown>): Promise<unknown> => removal.catch(() => undefined);

const isOld = ({Created: created}: {Created: number}): boolean => Date.now() / 1_000 - created > FORGOTTEN_SECONDS;

/** A trial whose process was killed leaves its container and its image; nobody else would look for them. */
const removeForgottenBoxes = async (api: Api): Promise<void> => {
  const wanted = {all: true, filters: {label: ['io.boxyard.probe=true']}, abortSignal: AbortSignal.timeout(10_000)};
  const boxes = await api.docker.listContainers(wanted);
  for (const box of boxes.filter(isOld)) await forget(api.docker.getContainer(box.Id).remove({force: true, v: true}));
};

/** By name and without force: whatever else the image is called, and whoever uses it, stays. */
const removeForgottenImages = async (api: Api): Promise<void> => {
  const wanted = {filters: {reference: [`${TRIAL_IMAGE}-*`]}, abortSignal: AbortSignal.timeout(10_000)};
  const images = await api.docker.listImages(wanted);
  const names = images.filter(isOld).flatMap(one => one.RepoTags ?? []);
  for (const name of names.filter(each => each.startsWith(`${TRIAL_IMAGE}-`))) await forget(api.docker.getImage(name).remove());
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

const MOST_TRIES = 4;

/** All trials have the same layer: one that is removed at this moment takes it from under the next. */
const importThrough = async (work: () => Promise<void>): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= MOST_TRIES || !/layer not known/i.test(String(error))) throw error;
    }
  }
};

const importProgram = async (api: Api, program: Buffer, repo: string, signal: AbortSignal): Promise<void> => {
  const pack = writeTar();
  pack.entry({name: 'probe', mode: 0o755, size: program.length}).end(program);
  pack.finalize();
  try {
    if (api.dialect.name === 'podman') return await importToPodman(api, pack, `${repo}:latest`, signal);
    const events = await api.docker.importImage(pack, {repo, tag: 'latest', abortSignal: signal} as object);
    await readEvents(events as Readable, () => undefined, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw faultOf(api.host, error, 'import an image for a trial');
  }
};

/** Asked as docker is, podman leaves a copy of what came in its directory for temporary files, each time. */
const importToPodman = async (api: Api, file: Readable, ref: string, signal: AbortSignal): Promise<void> => {
  await askPodman(api, {method: 'POST', path: '/images/import?', options: {reference: ref}, file}, signal);
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
