import {createHash} from 'node:crypto';
import {mkdir, open, readFile, readdir, rename, rm, stat, utimes} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {randomBase32} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';

/** How long bytes that no list names are kept: somebody may be about to name them. */
const unusedKeptMs = 24 * 3_600_000;

/** Bytes of one cluster's folders by the SHA-256 of what they are: written once, never changed. */
export interface FolderObjects {
  /** Where the bytes of a hash lie. */
  path(hash: string): string;
  /** Keeps a hash that is there from being dropped as unused for a day; false where it is not there. */
  touch(hash: string): Promise<boolean>;
  /** On disk when it resolves. `NO_SPACE`; `BODY_TOO_LARGE` over `most`, and what came is removed. */
  put(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, most: number): Promise<{readonly hash: string; readonly bytes: number}>;
  /** Small ones alone. */
  read(hash: string): Promise<Buffer>;
  /** Drops what is not in use and was not written or touched for a day. */
  sweep(isUsed: (hash: string) => boolean, now: number): Promise<void>;
  remove(): Promise<void>;
}

export function openFolderObjects(dir: string): FolderObjects {
  const path = (hash: string) => {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new BoxyardError('NOT_FOUND', {what: 'bytes of a folder', name: hash.slice(0, 20)});
    return join(dir, hash.slice(0, 2), hash);
  };
  const touch = async (hash: string) => {
    const now = new Date();
    return utimes(path(hash), now, now).then(
      () => true,
      () => false,
    );
  };
  return {
    path,
    touch,
    put: (bytes, most) => put(dir, {path, touch, most}, bytes),
    read: hash => readFile(path(hash)),
    remove: () => rm(dir, {recursive: true, force: true}),
    async sweep(isUsed, now) {
      for (const part of await readdir(dir).catch(() => []))
        for (const name of await readdir(join(dir, part)).catch(() => [])) {
          const found = isUsed(name) ? undefined : await stat(join(dir, part, name)).catch(() => undefined);
          if (found !== undefined && now - found.mtimeMs > unusedKeptMs) await rm(join(dir, part, name), {force: true});
        }
    },
  };
}

interface Putting {
  readonly path: (hash: string) => string;
  readonly touch: (hash: string) => Promise<boolean>;
  readonly most: number;
}

async function put(dir: string, {path, touch, most}: Putting, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const part = join(dir, 'new', `new-${randomBase32(80)}`);
  await mkdir(dirname(part), {recursive: true, mode: 0o700});
  const file = await open(part, 'wx', 0o600);
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of bytes) {
      length += chunk.length;
      if (length > most) throw new BoxyardError('BODY_TOO_LARGE', {limit: most});
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.datasync();
  } catch (error) {
    await file.close();
    await rm(part, {force: true});
    const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    throw isFull ? new BoxyardError('NO_SPACE', {where: 'the server'}, {cause: error}) : error;
  }
  await file.close();
  const found = hash.digest('hex');
  if (await touch(found)) await rm(part, {force: true});
  else {
    await mkdir(dirname(path(found)), {recursive: true, mode: 0o700});
    await rename(part, path(found));
  }
  return {hash: found, bytes: length};
}
