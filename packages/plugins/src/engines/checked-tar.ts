import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {Readable} from 'node:stream';
import type {Host} from '@boxyard/core/plugin-api';
import {createTarRules} from './tar-rules.ts';
import {openTar, writeTar, type TarEntry, type TarHeader, type TarWriter} from './tar-streams.ts';

export interface Placing {
  /** Put before every name; the folders it names come first. `''` leaves names as they are. */
  readonly prefix: string;
  /** Who the entries belong to; absent: as the archive says. */
  readonly owner?: {readonly uid: number; readonly gid: number};
}

/**
 * The same archive, read and written anew: what arrives are regular files, folders, and links that stay inside. At the first
 * entry that is anything else the stream fails with an `invalid` fault; what came before it has passed on.
 */
export const checkedTar = (source: Readable, placing: Placing, host: Host): Readable => {
  const pack = writeTar();
  copy(source, pack, placing, host).catch((error: unknown) => void pack.destroy(error as Error));
  return pack;
};

const copy = async (source: Readable, pack: TarWriter, {prefix, owner}: Placing, host: Host): Promise<void> => {
  const check = createTarRules(why => host.fault('invalid', why));
  const extract = openTar();
  // Its failure comes out of the loop below.
  pipeline(source, extract).catch(() => undefined);
  const own = owner === undefined ? {} : {...owner, uname: '', gname: ''};
  for (const folder of foldersOf(prefix)) pack.entry({name: folder, type: 'directory', mode: 0o755, ...own});
  try {
    for await (const entry of extract) {
      const header = check(entry.header);
      if (header === undefined) entry.resume();
      else await write(pack, entry, placed(header, prefix, own));
    }
  } catch (error) {
    source.destroy();
    throw (error as {fault?: unknown}).fault === undefined
      ? host.fault('invalid', `the archive cannot be read: ${(error as Error).message}`)
      : error;
  }
  pack.finalize();
};

const placed = (header: TarHeader, prefix: string, own: Partial<TarHeader>): TarHeader => ({
  ...header,
  ...own,
  name: path.posix.join(prefix, header.name),
  ...(header.type === 'link' ? {linkname: path.posix.join(prefix, header.linkname ?? '')} : {}),
});

const write = async (pack: TarWriter, entry: TarEntry, header: TarHeader): Promise<void> => {
  if (header.type !== 'file') {
    entry.resume();
    pack.entry(header);
    return;
  }
  await pipeline(entry, pack.entry(header));
};

const foldersOf = (prefix: string): string[] => {
  const parts = prefix.split('/').filter(part => part !== '');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
};
