import path from 'node:path';
import type {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {checkedTar} from '../checked-tar.ts';
import {openTar, writeTar, type TarEntry} from '../tar-streams.ts';
import {call, callOrMissing, container, openStream, type Api} from './api.ts';
import {inspect} from './main-end.ts';

/** Into a box that does not run: the folder is made where it is missing, and everything belongs to the box's user. */
export const archivePut = async (
  api: Api,
  name: string,
  {target, tar: source}: {target: string; tar: Readable},
  signal: AbortSignal,
): Promise<void> => {
  let existing = target;
  while (existing !== '/' && !(await isThere(api, name, existing, signal))) existing = path.posix.dirname(existing);
  const owner = await ownerOf(api, name, signal);
  const checked = checkedTar(source, {prefix: path.posix.relative(existing, target), owner}, api.host);
  let refusal: Error | undefined;
  checked.once('error', error => (refusal = error));
  try {
    await call(api, `put files into ${name}`, signal, () =>
      container(api, name).putArchive(checked, {path: existing, abortSignal: signal} as {path: string}),
    );
  } catch (error) {
    throw refusal ?? error;
  }
};

export const archiveGet = async (api: Api, name: string, target: string, signal: AbortSignal): Promise<Readable> => {
  const query = `/containers/${container(api, name).id}/archive?path=${encodeURIComponent(target)}`;
  const stream = await callOrMissing(api, `get ${target} from ${name}`, signal, () => openStream(api, query, signal));
  if (stream === undefined) throw api.host.fault('not-found', `no ${target} in ${name}`);
  return stream;
};

const isThere = async (api: Api, name: string, target: string, signal: AbortSignal): Promise<boolean> => {
  const found = await callOrMissing(api, `look for ${target} in ${name}`, signal, () =>
    container(api, name).infoArchive({path: target, abortSignal: signal} as {path: string}),
  );
  (found as Readable | undefined)?.resume?.();
  return found !== undefined;
};

/** The numbers of the box's user; a name is looked up in the box's own passwd. */
export const ownerOf = async (api: Api, name: string, signal: AbortSignal): Promise<{uid: number; gid: number}> => {
  const info = await inspect(api, name, signal);
  const [user = '', group] = (info?.Config.User ?? '').split(':');
  if (user === '' || user === 'root' || user === '0') return {uid: 0, gid: 0};
  const passwd = (await readSmall(api, name, '/etc/passwd', signal)).split('\n').map(line => line.split(':'));
  const row = passwd.find(fields => fields[0] === user || fields[2] === user);
  const uid = Number(row?.[2] ?? user);
  const gid = Number(/^\d+$/.test(group ?? '') ? group : (row?.[3] ?? 0));
  return Number.isInteger(uid) && Number.isInteger(gid) ? {uid, gid} : {uid: 0, gid: 0};
};

const readSmall = async (api: Api, name: string, file: string, signal: AbortSignal): Promise<string> => {
  const stream = await archiveGet(api, name, file, signal).catch(() => undefined);
  if (stream === undefined) return '';
  for await (const entry of stream.pipe(openTar()) as AsyncIterable<TarEntry>) return (await buffer(entry)).toString();
  return '';
};

/** docker makes the working folder as root's; the box's user must be able to write there. */
export const giveFolder = async (api: Api, name: string, folder: string, signal: AbortSignal): Promise<void> => {
  const owner = await ownerOf(api, name, signal);
  if (owner.uid === 0 || folder === '/') return;
  const pack = writeTar();
  pack.entry({name: path.posix.basename(folder), type: 'directory', mode: 0o755, ...owner});
  pack.finalize();
  await call(api, `give ${folder} to the user of ${name}`, signal, () =>
    container(api, name).putArchive(pack, {path: path.posix.dirname(folder), abortSignal: signal} as {path: string}),
  );
};
