import type {Container, ContainerCreateOptions} from 'dockerode';
import type {Box, BoxSpec, Engine, Features, Labels} from '@boxyard/core/plugin-api';
import {call, labelFilter, type Api} from './api.ts';
import {apiBox} from './api-box.ts';
import {refuseElsewhere} from './bind-source.ts';
import {createBody} from './box-spec.ts';
import {giveFolder} from './archive.ts';
import {build} from './build.ts';
import {connectTo} from './connect.ts';
import type {Connector} from './connector.ts';
import {exec, terminal} from './exec.ts';
import {files} from './files.ts';
import {images} from './images.ts';
import {killInBox} from './kill-in-box.ts';
import {inspect, stateOf} from './main-end.ts';
import {forgetNetworks, isNetworkGone, leaveNetworks, privateNetwork, removeForgotten, restNetwork} from './private-network.ts';
import {createProbe} from './probe.ts';
import {snapshot} from './snapshot.ts';
import {stats} from './stats.ts';

/** Everything that docker and podman have in common, which is all but where they listen and how their log is read. */
export const apiEngine = (connector: Connector): Engine => ({
  probe: thatAlsoClears(createProbe(connector), connector),
  create: async (spec, signal) => {
    signal.throwIfAborted();
    return create(await connector.open(), spec, signal);
  },
  find: async (name, signal) => find(await connector.open(), name, signal),
  list: async (labels, signal) => list(await connector.open(), labels, signal),
  features: features(connector.open),
  close: async () => {
    const api = connector.last();
    if (api !== undefined) await leaveNetworks(api);
  },
});

const CLEAR_EVERY_MS = 600_000;

/** Who probes is an agent: at its start, and now and then, it clears away the networks that another one's death left behind. */
const thatAlsoClears = (probe: Engine['probe'], connector: Connector): Engine['probe'] => {
  let nextAt = -Infinity;
  return async signal => {
    const answer = await probe(signal);
    const api = connector.last();
    if (!answer.usable || api === undefined || performance.now() < nextAt) return answer;
    nextAt = performance.now() + CLEAR_EVERY_MS;
    void removeForgotten(api).catch((error: unknown) => connector.host.log('debug', 'forgotten networks stay', {error: String(error)}));
    return answer;
  };
};

const features = (open: () => Promise<Api>): Features => ({
  exec: async (box, command, signal) => exec(await open(), box, command, signal),
  terminal: async (box, command, size, signal) => terminal(await open(), box, {command, size}, signal),
  connect: async (box, port, signal) => connectTo(await open(), box, port, signal),
  images: images(open),
  files: files(open),
  build: async (wanted, log, signal) => build(await open(), wanted, log, signal),
  snapshot: async (box, ref, labels, signal) => snapshot(await open(), box, {ref, labels}, signal),
  stats: async (box, signal) => stats(await open(), box, signal),
  killMarked: async (box, variable, signal) => {
    signal.throwIfAborted();
    return killInBox(await open(), {box: box.name, kind: 'SIGKILL'}, variable);
  },
});

const WORKSPACE = '/workspace';
const CREATE_MS = 60_000;

/** The request is not aborted: an engine would make the box all the same, a moment after nobody looks for it any more. */
const create = async (api: Api, spec: BoxSpec, signal: AbortSignal): Promise<Box> => {
  if (spec.mounts.some(mount => mount.kind === 'bind')) refuseElsewhere(api.endpoint, api.host);
  const body = await createBody(spec, api.dialect, api.host);
  const own = AbortSignal.timeout(CREATE_MS);
  try {
    const made = await createOnNetwork(api, spec, body, own);
    // What is no JSON comes through as it is, and would be a box that nobody ever finds.
    if (typeof made.id !== 'string') throw api.host.fault('failed', `create ${spec.name}: the engine's answer makes no sense`);
    if (spec.cwd === WORKSPACE) await giveFolder(api, spec.name, WORKSPACE, own);
    signal.throwIfAborted();
    return apiBox(api, spec.name, spec.labels);
  } catch (error) {
    if (spec.network === 'private') restNetwork(api, spec.labels);
    if (!signal.aborted) return adopt(api, spec, error, signal);
    await removeHalfMade(api, spec.name);
    throw error;
  }
};

/** Its network may be cleared away in the moment before. */
const createOnNetwork = async (api: Api, spec: BoxSpec, body: ContainerCreateOptions, signal: AbortSignal): Promise<Container> => {
  for (let tries = 0; ; tries += 1) {
    const mode = spec.network === 'private' ? {NetworkMode: await privateNetwork(api, spec.labels, signal)} : {};
    const wanted = {...body, HostConfig: {...body.HostConfig, ...mode}, abortSignal: signal};
    try {
      return await call(api, `create ${spec.name}`, signal, () => api.docker.createContainer(wanted));
    } catch (error) {
      if (tries >= 3 || !isNetworkGone(error)) throw error;
      forgetNetworks(api);
    }
  }
};

/** The name is taken: ours, made before a crash, or somebody else's. */
const adopt = async (api: Api, spec: BoxSpec, refusal: unknown, signal: AbortSignal): Promise<Box> => {
  const found = await find(api, spec.name, signal);
  if (found === undefined) throw refusal;
  const isSame = Object.entries(spec.labels).every(([key, value]) => found.labels[key] === value);
  if (!isSame) throw api.host.fault('conflict', `another box has the name ${spec.name}`);
  return found;
};

/** One that ever ran is older than this call, and stays. */
const removeHalfMade = async (api: Api, name: string): Promise<void> => {
  const signal = AbortSignal.timeout(10_000);
  const info = await inspect(api, name, signal).catch(() => undefined);
  if (stateOf(info).is === 'created')
    await apiBox(api, name, {})
      .remove(signal)
      .catch(() => undefined);
};

const find = async (api: Api, name: string, signal: AbortSignal): Promise<Box | undefined> => {
  const info = await inspect(api, name, signal);
  return info === undefined ? undefined : apiBox(api, name, info.Config.Labels ?? {});
};

const list = async (api: Api, labels: Labels, signal: AbortSignal): Promise<readonly Box[]> => {
  const all = await call(api, 'list boxes', signal, () =>
    api.docker.listContainers({all: true, filters: {label: labelFilter(labels)}, abortSignal: signal}),
  );
  return all.map(one => apiBox(api, (one.Names[0] ?? one.Id).replace(/^\//, ''), one.Labels));
};
