import {createReadStream} from 'node:fs';
import {lstat, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Pack} from 'tar-stream';
import {BoxyardError} from '@boxyard/core/errors';
import {listFiles} from './listed-files.ts';

/** A tar of the directory's own files, ready to be uploaded. Owners are dropped; sockets and devices are left out. With `mtime` that is every file's. */
export async function packDir(dir: string, field = '--dir', mtime?: Date): Promise<{readonly files: number; readonly stream: Readable}> {
  const found = await lstat(dir).catch(() => undefined);
  if (!found?.isDirectory()) throw new BoxyardError('INVALID_INPUT', {field, issue: `${dir} is not a directory`});
  const paths = await listFiles(dir);
  const {pack} = await import('tar-stream');
  const tar = pack();
  void addAll(tar, {dir, paths, mtime}).catch((error: Error) => tar.destroy(error));
  return {files: paths.length, stream: Readable.from(tar)};
}

interface Listed {
  readonly dir: string;
  readonly paths: readonly string[];
  readonly mtime: Date | undefined;
}

async function addAll(tar: Pack, listed: Listed): Promise<void> {
  for (const path of listed.paths) await addOne(tar, listed, path);
  tar.finalize();
}

async function addOne(tar: Pack, {dir, mtime}: Listed, path: string): Promise<void> {
  const file = join(dir, path);
  const about = await lstat(file).catch(() => undefined);
  // Tracked and deleted, or gone since it was listed.
  if (about === undefined) return;
  const head = {name: path, mtime: mtime ?? about.mtime, mode: about.mode & 0o777};
  if (about.isSymbolicLink()) return void tar.entry({...head, type: 'symlink', linkname: await readlink(file)});
  if (!about.isFile()) return;
  if (about.size === 0) return void tar.entry({...head, size: 0}, '');
  const entry = tar.entry({...head, size: about.size});
  // A file that grows while it is read must not spill into the next one.
  await pipeline(createReadStream(file, {end: about.size - 1}), entry).catch((cause: unknown) => {
    throw new BoxyardError('ARCHIVE_REFUSED', {why: `${path} changed while it was read`}, {cause});
  });
}
