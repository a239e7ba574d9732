import {setTimeout as delay} from 'node:timers/promises';
import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import type {Image, Images} from '@boxyard/core/plugin-api';
import {call, callOrMissing, type Api} from './api.ts';
import {readEvents} from './engine-events.ts';
import {noSpaceFault} from './no-space.ts';
import {pullFault} from './pull-errors.ts';
import {createPullProgress} from './pull-progress.ts';
import {TRIAL_IMAGE} from './trial-program.ts';

/** The grammar of references, as strict as a path in a request needs it. */
const REFERENCE = /^[a-z0-9](?:[a-z0-9._:/-]{0,220}[a-z0-9])?(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/;
const ID = /^(?:sha256:)?[a-f0-9]{12,64}$/;

export const images = (open: () => Promise<Api>): Images => ({
  find: async (ref, signal) => findImage(await open(), ref, signal),
  list: async signal => listImages(await open(), signal),
  pull: async (ref, login, progress, signal) => pull(await open(), {ref, login, progress}, signal),
  remove: async (ref, signal) => removeImage(await open(), ref, signal),
});

export const checkRef = (api: Api, ref: string): string => {
  if (ref.length > 255 || !(REFERENCE.test(ref) || ID.test(ref)))
    throw api.host.fault('invalid', `${JSON.stringify(ref)} is not an image name`);
  return ref;
};

export const findImage = async (api: Api, ref: string, signal: AbortSignal): Promise<Image | undefined> => {
  const image = api.docker.getImage(checkRef(api, ref));
  const info = await callOrMissing(api, `look for ${ref}`, signal, () => image.inspect({abortSignal: signal} as object));
  return info === undefined ? undefined : imageOf(info);
};

export const getImage = async (api: Api, ref: string, signal: AbortSignal): Promise<Image> => {
  const image = await findImage(api, ref, signal);
  if (image === undefined) throw api.host.fault('not-found', `no image ${ref}`);
  return image;
};

const imageOf = (info: Docker.ImageInspectInfo): Image => ({
  id: info.Id,
  refs: info.RepoTags ?? [],
  bytes: info.Size,
  createdAt: info.Created,
  platform: `${info.Os}/${info.Architecture}`,
  labels: info.Config?.Labels ?? {},
  command: [...listOf(info.Config?.Entrypoint), ...listOf(info.Config?.Cmd)],
});

const listOf = (value: string | readonly string[] | null | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : (value ?? []);

const listImages = async (api: Api, signal: AbortSignal): Promise<readonly Image[]> => {
  const all = await call(api, 'list images', signal, () => listNow(api, signal));
  const tagged = all.filter(one => (one.RepoTags ?? []).some(isShown));
  const found = await Promise.all(tagged.map(one => findImage(api, one.Id, signal)));
  return found.flatMap(image => (image === undefined ? [] : [{...image, refs: image.refs.filter(isShown)}]));
};

const LOOK_AGAIN = 5;

/**
 * Those with a name, which are all that is shown: podman looks for the parents of each one it lists, and takes 6 s for 300 that builds
 * left without a name, where it takes 0.2 s without them. podman fails the whole list where an image of it is removed
 * while it looks.
 */
const listNow = async (api: Api, signal: AbortSignal): Promise<Awaited<ReturnType<Api['docker']['listImages']>>> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.docker.listImages({filters: {dangling: ['false']}, abortSignal: signal});
    } catch (error) {
      if (tries >= LOOK_AGAIN || !/retrieving label for image|identifier is not an image|image not known/.test(String(error))) throw error;
      await delay(100 * tries, undefined, {signal});
    }
  }
};

const isShown = (ref: string): boolean => ref !== '<none>:<none>' && !ref.startsWith(TRIAL_IMAGE);

interface Pull {
  readonly ref: string;
  readonly login: Parameters<Images['pull']>[1];
  readonly progress: Parameters<Images['pull']>[2];
}

const pull = async (api: Api, {ref, login, progress}: Pull, signal: AbortSignal): Promise<Image> => {
  checkRef(api, ref);
  const {name, tag} = splitRef(ref);
  const options = {fromImage: name, tag, abortSignal: signal, ...(login && {authconfig: {username: login.user, password: login.secret}})};
  const show = createPullProgress(progress);
  try {
    const events = await api.docker.createImage(options.authconfig ?? {}, withoutLogin(options));
    await readEvents(events as Readable, show, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw await pullFailed(api, error, ref);
  }
  return getImage(api, ref, signal);
};

/** What an engine's words leave open may be a full disk. */
const pullFailed = async (api: Api, error: unknown, ref: string): Promise<Error> => {
  const fault = pullFault(api.host, error, ref);
  const {fault: code} = fault as {fault?: string};
  const isOpen = code === undefined || code === 'failed' || code === 'no-space';
  return (isOpen ? await noSpaceFault(api, error, `the pull of ${ref}`) : undefined) ?? fault;
};

const withoutLogin = <T extends {authconfig?: unknown}>({authconfig: _secret, ...rest}: T) => rest;

/** Without a tag an engine would pull every one there is. */
export const splitRef = (ref: string): {name: string; tag: string} => {
  const [name = '', digest] = ref.split('@');
  if (digest !== undefined) return {name: ref, tag: ''};
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? {name: name.slice(0, colon), tag: name.slice(colon + 1)} : {name, tag: 'latest'};
};

const removeImage = async (api: Api, ref: string, signal: AbortSignal): Promise<void> => {
  const image = api.docker.getImage(checkRef(api, ref));
  await callOrMissing(api, `remove the image ${ref}`, signal, () => image.remove({abortSignal: signal}));
};
