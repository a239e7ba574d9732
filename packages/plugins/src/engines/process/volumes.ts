import {chmod, lchown, lstat, mkdir, rm} from 'node:fs/promises';
import path from 'node:path';
import type {BoxSpec, Host, Labels} from '@boxyard/core/plugin-api';
import {runAs} from './as-user.ts';
import type {Identity, Place} from './identity.ts';

/** No box is called so: their names have no dots. */
const volumeDir = (name: string, {work}: Identity, host: Host): string => {
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(name)) throw host.fault('invalid', `${JSON.stringify(name)} is not the name of a volume`);
  return path.join(work, `${name}.volume`);
};

/** The folder of all workspaces and volumes may be passed through but not listed. */
export const makeWork = async ({work, drop}: Identity): Promise<void> => {
  await mkdir(work, {recursive: true, mode: 0o711});
  if (drop !== undefined) await chmod(work, 0o711);
};

/** Makes the volumes of the spec; its variables with where they are in the place of where a container would have them. */
export const withVolumes = async ({identity, host}: Place, {mounts, env}: BoxSpec): Promise<Labels> => {
  const places = new Map<string, string>();
  for (const mount of mounts) if (mount.kind === 'volume') places.set(mount.target, await makeVolume(mount.name, identity, host));
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, places.get(value) ?? value]));
};

/** Only root, or the user itself, can put anything in its place; what is no directory there is neither followed nor given away. */
const makeVolume = async (name: string, identity: Identity, host: Host): Promise<string> => {
  const dir = volumeDir(name, identity, host);
  await makeWork(identity);
  await mkdir(dir, {mode: 0o700}).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(dir);
  const {uid, gid} = identity.drop ?? {uid: process.getuid?.() ?? found.uid, gid: found.gid};
  // Root's: made a moment ago, or just before a crash.
  if (found.isDirectory() && found.uid === 0 && uid !== 0) await lchown(dir, uid, gid);
  else if (!found.isDirectory() || found.uid !== uid)
    throw host.fault('denied', `${dir} is not the directory of ${identity.user} that it should be`);
  return dir;
};

export const removeVolume = async ({identity, host}: Place, name: string, signal: AbortSignal): Promise<void> => {
  const dir = volumeDir(name, identity, host);
  signal.throwIfAborted();
  // As the user whose files they are: root must not follow what a program put there.
  await runAs(identity, ['rm', '-rf', '--', dir], {host, doing: `remove ${name}`, isTolerant: true});
  await rm(dir, {recursive: true, force: true});
};
