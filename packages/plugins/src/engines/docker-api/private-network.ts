import type Docker from 'dockerode';
import type {Labels} from '@boxyard/core/plugin-api';
import {call, callOrMissing, container, type Api} from './api.ts';
import {keepApart} from './keep-apart.ts';
import {KEPT_MS, keepForNext, letGoOfAll, takeBack} from './kept-networks.ts';
import {inspect} from './main-end.ts';
import {askPodman} from './podman-api.ts';

const NAME = 'boxyard';
const TENANT = /^[a-z0-9-]{1,60}$/;
const MAKE_MS = 20_000;
/** No build goes on for that long. */
const LONGEST_BUILD_MS = 24 * 3_600_000;
/** What the tenant of a build's own network is called. */
export const BUILD_TENANT = 'build-';
const LABELS = {'io.boxyard.managed': 'true'};
/** What an engine does by itself: boxes on it reach each other. */
const ORDINARY = 'bridge';
/** podman over CNI, which has no such networks. */
const KEEPS_NONE_APART = /unsupported (bridge )?network option/i;

/** Networks that were there when last looked at, per connection. */
const known = new WeakMap<Api, Map<string, Promise<void>>>();

const once = (api: Api, name: string, look: () => Promise<void>): Promise<void> => {
  const names = known.get(api) ?? new Map<string, Promise<void>>();
  known.set(api, names);
  const looking = names.get(name) ?? look();
  names.set(name, looking);
  looking.catch(() => names.delete(name));
  return looking;
};

/**
 * The network of a `private` box, made where it is missing. On docker it is one for all, in which no box reaches another. On
 * podman, which can only keep networks apart, it is one per tenant. Without root podman has a network of each user's own.
 */
export const privateNetwork = async (api: Api, labels: Labels, signal: AbortSignal): Promise<string> => {
  const name = nameFor(api, labels);
  if (name === ORDINARY) return name;
  takeBack(api, name);
  try {
    const made = once(api, name, () => (api.dialect.name === 'docker' ? ensureOnDocker(api) : ensureOnPodman(api, name)));
    await Promise.all([made, keepApart(api)]);
    signal.throwIfAborted();
    return name;
  } catch (error) {
    signal.throwIfAborted();
    // Whatever else went wrong now: a box that was promised a network of its own gets that or none.
    if (!KEEPS_NONE_APART.test(String((error as Error).message))) throw error;
    api.host.log('warn', 'boxes are not kept apart: the engine makes no network for that', {network: name, error: String(error)});
    return ORDINARY;
  }
};

const nameFor = (api: Api, labels: Labels): string => {
  if (api.dialect.name === 'docker') return NAME;
  if (process.getuid?.() !== 0) return ORDINARY;
  const tenant = labels['io.boxyard.tenant'] ?? '';
  return TENANT.test(tenant) ? `${NAME}-${tenant}` : NAME;
};

const ensureOnDocker = async (api: Api): Promise<void> => {
  const signal = AbortSignal.timeout(MAKE_MS);
  if ((await listOnDocker(api, signal)).length === 0) {
    const Options = {'com.docker.network.bridge.enable_icc': 'false'};
    const wanted = {Name: NAME, CheckDuplicate: true, Driver: 'bridge', Options, Labels: LABELS, abortSignal: signal};
    await call(api, `make the network ${NAME}`, signal, () => api.docker.createNetwork(wanted).catch(unlessThere));
  }
  // docker lets two makers of one name both succeed, and then takes the name for ambiguous: all keep the same one.
  const [, ...others] = await listOnDocker(api, signal);
  for (const {Id: id} of others)
    await api.docker
      .getNetwork(id)
      .remove()
      .catch(() => undefined);
};

const listOnDocker = async (api: Api, signal: AbortSignal): Promise<Docker.NetworkInspectInfo[]> => {
  const wanted = {filters: {name: [NAME]}, abortSignal: signal};
  const found = await call(api, `look for the network ${NAME}`, signal, () => api.docker.listNetworks(wanted));
  return found.filter(one => one.Name === NAME).sort((a, b) => (`${a.Created} ${a.Id}` < `${b.Created} ${b.Id}` ? -1 : 1));
};

const ensureOnPodman = async (api: Api, name: string): Promise<void> => {
  const signal = AbortSignal.timeout(MAKE_MS);
  const look = () => askPodman(api, {method: 'GET', path: `/networks/${name}/exists`}, signal).then(() => true);
  if (await callOrMissing(api, `look for the network ${name}`, signal, look)) return;
  const options = {name, driver: 'bridge', dns_enabled: false, options: {isolate: 'true'}, labels: LABELS};
  const make = () => askPodman(api, {method: 'POST', path: '/networks/create', options}, signal).catch(unlessThere);
  await call(api, `make the network ${name}`, signal, make).catch(async (error: unknown) => {
    // There are so many networks on a machine and no more.
    api.host.log('warn', 'networks without a box give way to a new one', {network: name, error: String(error)});
    await removeIdle(api, isOfBoxes, signal);
    await call(api, `make the network ${name}`, signal, make);
  });
};

/** One by one: podman's own clearing away takes networks of builds that go on, for it does not count their steps. It refuses those with a box. */
const removeIdle = async (api: Api, isMeant: (network: Network) => boolean, signal: AbortSignal): Promise<void> => {
  const filters = JSON.stringify({label: Object.entries(LABELS).map(([key, value]) => `${key}=${value}`)});
  const question = {method: 'GET', path: `/networks/json?filters=${encodeURIComponent(filters)}&`} as const;
  const found = (await askPodman(api, question, signal)) as readonly Network[];
  for (const network of found) if (isMeant(network)) await remove(api, network.name, signal);
};

interface Network {
  readonly name: string;
  readonly created: string;
}
const isOfBoxes = ({name}: Network): boolean => !name.startsWith(`${NAME}-${BUILD_TENANT}`);

/** Its while is over, and nobody here ends it: whoever made it was killed, or its boxes were removed by hand. */
const isForgotten = (api: Api, network: Network): boolean =>
  !api.keptNetworks.has(network.name) && Date.now() - Date.parse(network.created) > (isOfBoxes(network) ? KEPT_MS : LONGEST_BUILD_MS);

/** Removes what others forgot. One of an agent that lives may be among them: its next box makes it again. */
export const removeForgotten = async (api: Api): Promise<void> => {
  if (api.dialect.name !== 'podman' || process.getuid?.() !== 0) return;
  await removeIdle(api, network => isForgotten(api, network), AbortSignal.timeout(MAKE_MS));
};

/** Two may make it at once. */
const unlessThere = (error: unknown): void => {
  if ((error as {statusCode?: number}).statusCode !== 409) throw error;
};

/** Somebody cleared networks away, or two were made at once: the next look puts it right. */
export const isNetworkGone = (error: unknown): boolean =>
  /network .*not found|unable to find network|network .* is ambiguous/i.test(String((error as Error).message));

export const forgetNetworks = (api: Api): void => void known.delete(api);

/** A box whose network was cleared away gets it back: neither engine would start it. */
export const giveNetworkBack = async (api: Api, name: string, signal: AbortSignal): Promise<void> => {
  const info = await inspect(api, name, signal);
  if (info === undefined) return;
  const labels = info.Config.Labels ?? {};
  forgetNetworks(api);
  // podman keeps a box's network by name, which is good again with the network; docker by an identity that is gone.
  if (api.dialect.name === 'podman') return void (await privateNetwork(api, labels, signal));
  if (info.HostConfig.NetworkMode !== NAME) return;
  const network = await privateNetwork(api, labels, signal);
  await call(api, `connect ${name} to ${network}`, signal, () =>
    api.docker.getNetwork(network).connect({Container: container(api, name).id}),
  );
};

const podmanNetwork = (api: Api, labels: Labels): string | undefined => {
  const name = api.dialect.name === 'podman' ? nameFor(api, labels) : ORDINARY;
  return name === ORDINARY ? undefined : name;
};

/** After what nobody will ask for again. */
export const leaveNetwork = async (api: Api, labels: Labels, signal: AbortSignal): Promise<void> => {
  const name = podmanNetwork(api, labels);
  if (name !== undefined) await remove(api, name, signal);
};

/** After a box: the tenant's next one often comes soon. */
export const restNetwork = (api: Api, labels: Labels): void => {
  const name = podmanNetwork(api, labels);
  if (name !== undefined) keepForNext(api, name, remove);
};

/** Nothing is made any more: what only waits for a next box goes at once. */
export const leaveNetworks = (api: Api): Promise<void> => letGoOfAll(api, remove);

/** podman refuses as long as any box is on it, and there is nothing to do then. */
const remove = async (api: Api, name: string, signal: AbortSignal): Promise<void> => {
  known.get(api)?.delete(name);
  await api.docker
    .getNetwork(name)
    .remove({abortSignal: signal} as object)
    .catch(() => undefined);
};
