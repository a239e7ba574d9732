import type Docker from 'dockerode';
import type {Box, Image, Labels} from '@boxyard/core/plugin-api';
import {call, container, type Api} from './api.ts';
import {checkRef, getImage, splitRef} from './images.ts';
import {inspect} from './main-end.ts';

/** Set by the engines themselves in every container. */
const ENGINE_VARIABLES = new Set(['PATH', 'HOME', 'HOSTNAME', 'TERM', 'container']);

/**
 * The root file system as an image; the box is held still for the moment of the copy and runs on. Its command and its
 * environment, where secrets may be, do not become the image's: those of the image it was made from are put back.
 */
export const snapshot = async (api: Api, box: Box, {ref, labels}: {ref: string; labels: Labels}, signal: AbortSignal): Promise<Image> => {
  const {name, tag} = splitRef(checkRef(api, ref));
  const info = await inspect(api, box.name, signal);
  if (info === undefined) throw api.host.fault('not-found', `no box ${box.name}`);
  const changes = [...labelChanges(api, labels), ...(await configChanges(api, info, signal))];
  const options = {repo: name, tag, pause: info.State.Running, changes: changes.join('\n'), abortSignal: signal};
  await call(api, `make an image of ${box.name}`, signal, () => container(api, box.name).commit(options as object));
  return getImage(api, ref, signal);
};

const labelChanges = (api: Api, labels: Labels): string[] =>
  Object.entries(labels).map(([key, value]) => {
    if (/[\n\r\0"\s=]/.test(key) || /[\n\r\0]/.test(value))
      throw api.host.fault('invalid', `the label ${JSON.stringify(key)} cannot be written`);
    return `LABEL ${key}=${quoted(api, value)}`;
  });

/** docker reads the value as a Dockerfile does; podman takes off one pair of quotes and reads nothing. */
const quoted = (api: Api, value: string): string =>
  api.dialect.name === 'podman' ? `"${value}"` : `"${value.replace(/[\\"$]/g, found => `\\${found}`)}"`;

const configChanges = async (api: Api, info: Docker.ContainerInspectInfo, signal: AbortSignal): Promise<string[]> => {
  const image = await call(api, 'look at its image', signal, () => api.docker.getImage(info.Image).inspect());
  const before = variables(image.Config?.Env);
  const now = variables(info.Config.Env);
  const env = [...now.keys()]
    .filter(key => !ENGINE_VARIABLES.has(key) && now.get(key) !== before.get(key))
    .map(key => `ENV ${key}=${before.has(key) ? quoted(api, before.get(key) ?? '') : '""'}`);
  return [...env, ...commandChanges(api, asList(image.Config?.Entrypoint), asList(image.Config?.Cmd))];
};

/** docker takes an empty entry point for none given and keeps the box's, so there the command becomes the entry point. */
const commandChanges = (api: Api, entrypoint: readonly string[], command: readonly string[]): string[] => {
  if (api.dialect.name === 'podman' || entrypoint.length > 0)
    return [`ENTRYPOINT ${JSON.stringify(entrypoint)}`, `CMD ${JSON.stringify(command)}`];
  return [`ENTRYPOINT ${JSON.stringify(command.length > 0 ? command : ['/bin/sh'])}`, 'CMD []'];
};

const variables = (env: readonly string[] | null | undefined): Map<string, string> =>
  new Map((env ?? []).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));

const asList = (value: string | readonly string[] | null | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : (value ?? []);
