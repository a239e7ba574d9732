import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {Readable} from 'node:stream';
import type {Host} from '@boxyard/core/plugin-api';
import {createTarRules} from './tar-rules.ts';
import {tarEnd, tarHeader, tarPadding} from './tar-header.ts';
import {openTar, type TarEntry, type TarHeader} from './tar-streams.ts';

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
export const checkedTar = (source: Readable, placing: Placing, host: Host): Readable =>
  Readable.from(copy(source, placing, host), {objectMode: false});

async function* copy(source: Readable, {prefix, owner}: Placing, host: Host): AsyncGenerator<Uint8Array> {
  const check = createTarRules(why => host.fault('invalid', why));
  const extract = openTar();
  const own = owner === undefined ? {} : {...owner, uname: '', gname: ''};
  for (const folder of foldersOf(prefix)) yield tarHeader({name: folder, type: 'directory', mode: 0o755, ...own});
  try {
    // Not before somebody listens: an entry that comes early is not told again. Its failure comes out of the loop.
    pipeline(source, extract).catch(() => undefined);
    for await (const entry of extract) {
      const header = check(entry.header);
      if (header === undefined) entry.resume();
      else yield* written(entry, placed(header, prefix, own));
    }
  } catch (error) {
    throw (error as {fault?: unknown}).fault === undefined
      ? host.fault('invalid', `the archive cannot be read: ${(error as Error).message}`)
      : error;
  } finally {
    // Nothing of it is read any more, whoever gave up.
    source.destroy();
  }
  yield tarEnd();
}

const placed = (header: TarHeader, prefix: string, own: Partial<TarHeader>): TarHeader => ({
  ...header,
  ...own,
  name: path.posix.join(prefix, header.name),
  ...(header.type === 'link' ? {linkname: path.posix.join(prefix, header.linkname ?? '')} : {}),
});

async function* written(entry: TarEntry, header: TarHeader): AsyncGenerator<Uint8Array> {
  yield tarHeader(header);
  if (header.type !== 'file') return void entry.resume();
  yield* entry;
  const padding = tarPadding(header.size ?? 0);
  if (padding.length > 0) yield padding;
}

const foldersOf = (prefix: string): string[] => {
  const parts = prefix.split('/').filter(part => part !== '');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
};
