import type {Readable} from 'node:stream';
import type {Build, Image, Labels} from '@boxyard/core/plugin-api';
import {randomUUID} from 'node:crypto';
import {killTree} from '../process-tree.ts';
import type {Api} from './api.ts';
import {readEvents} from './engine-events.ts';
import {buildFault} from './build-errors.ts';
import {checkRef, getImage} from './images.ts';
import {BUILD_TENANT, leaveNetwork, privateNetwork} from './private-network.ts';

/** The connection is the build: closing it stops the engine's work, and its half-made containers are removed by it. */
export const build = async (api: Api, wanted: Build, log: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<Image> => {
  const id = randomUUID();
  const mark = `${id}.invalid`;
  const args = api.dialect.name === 'podman' ? marked(wanted.args, mark) : wanted.args;
  const options = {
    t: checkRef(api, wanted.ref),
    dockerfile: wanted.file,
    buildargs: args,
    labels: wanted.labels,
    nocache: !wanted.cache,
    rm: true,
    forcerm: true,
    ...limits(wanted.limits),
    ...(await ownNetwork(api, id, signal)),
    ...(wanted.target === undefined ? {} : {target: wanted.target}),
    abortSignal: signal,
  };
  let tail = '';
  const show = (text: string): void => {
    tail = (tail + text).slice(-TAIL);
    log(Buffer.from(text));
  };
  try {
    const events = await api.docker.buildImage(wanted.context as NodeJS.ReadableStream, options as object);
    await readEvents(events as Readable, event => event.stream !== undefined && show(event.stream), signal);
  } catch (error) {
    if (signal.aborted && args['NO_PROXY'] !== undefined) await killTree({name: 'NO_PROXY', value: args['NO_PROXY']}, 'SIGKILL');
    signal.throwIfAborted();
    throw await buildFault(api, error, {ref: wanted.ref, tail});
  } finally {
    await leaveNetwork(api, networkLabels(id), AbortSignal.timeout(LEAVE_MS));
  }
  return getImage(api, wanted.ref, signal);
};

/** podman does not count a step among those on a network: one of each build's own is there until the build has ended. */
const networkLabels = (id: string): Labels => ({'io.boxyard.tenant': `${BUILD_TENANT}${id.slice(0, 8)}`});

/** Unasked, podman's API runs every step in the machine's own network, and it knows no word for another but this. */
const ownNetwork = async (api: Api, id: string, signal: AbortSignal) => {
  const name = await privateNetwork(api, networkLabels(id), signal);
  if (api.dialect.name === 'docker') return {networkmode: name};
  return {nsoptions: JSON.stringify([{Name: 'network', Host: false, Path: name === 'bridge' ? '' : name}])};
};

const LEAVE_MS = 10_000;
/** Characters of output in which a step says why it failed. */
const TAIL = 4_096;
const CPU_PERIOD = 100_000;

/** As for boxes, swap is not extra memory. */
const limits = ({memoryBytes, cpus}: NonNullable<Build['limits']> = {}) => ({
  ...(memoryBytes === undefined ? {} : {memory: memoryBytes, memswap: memoryBytes}),
  ...(cpus === undefined ? {} : {cpuperiod: CPU_PERIOD, cpuquota: Math.round(cpus * CPU_PERIOD)}),
});

/**
 * podman leaves the step that runs alive when its build is given up, so the step's processes must be found. This argument
 * reaches every step undeclared and is no part of the cache's key; a host that does not exist changes nothing in it.
 */
const marked = (args: Build['args'], mark: string): Build['args'] => ({
  ...args,
  NO_PROXY: args['NO_PROXY'] === undefined ? mark : `${args['NO_PROXY']},${mark}`,
});
