import {createReadStream} from 'node:fs';
import {lstat, readdir, readlink, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Pack} from 'tar-stream';
import {BoxyardError} from '@boxyard/core/errors';

export interface PackHandlers {
  /** Its bytes are next. */
  entry?(path: string): void;
  /** It is neither file, directory nor link, and stays here. */
  skipped?(path: string): void;
}

/**
 * A tar of a file or a whole directory, its entries under `name`; under nothing where that is empty. Bytes, modes, times, links
 * and empty directories are kept, owners are not. What is added while it is read may be in it or not.
 */
export async function packTree(path: string, name: string, handlers: PackHandlers = {}): Promise<Readable> {
  const about = await stat(path).catch((cause: unknown) => {
    throw new BoxyardError('NOT_FOUND', {what: 'file', name: path, hint: ''}, {cause});
  });
  const {pack} = await import('tar-stream');
  const tar = pack();
  const adding = new Adding(tar, handlers);
  const all = about.isDirectory() ? adding.folder(path, name, about) : adding.file(path, name, about);
  void all.then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return Readable.from(tar);
}

type About = Awaited<ReturnType<typeof lstat>> & {size: number; mode: number};

class Adding {
  readonly #tar: Pack;
  readonly #handlers: PackHandlers;

  constructor(tar: Pack, handlers: PackHandlers) {
    this.#tar = tar;
    this.#handlers = handlers;
  }

  async folder(path: string, name: string, about: About): Promise<void> {
    if (name !== '') await this.#entry({...headOf(name, about), type: 'directory'});
    for (const inner of (await readdir(path)).toSorted()) await this.#any(join(path, inner), name === '' ? inner : `${name}/${inner}`);
  }

  async file(path: string, name: string, {size, mode, mtime}: About): Promise<void> {
    if (size === 0) return this.#entry({...headOf(name, {mode, mtime}), size});
    this.#handlers.entry?.(name);
    const entry = this.#tar.entry({...headOf(name, {mode, mtime}), size});
    // A file that grows while it is read must not spill into the next one.
    await pipeline(createReadStream(path, {end: size - 1}), entry).catch((cause: unknown) => {
      const isOurs = (cause as NodeJS.ErrnoException).code?.startsWith('E') === true;
      throw isOurs ? cause : new BoxyardError('ARCHIVE_REFUSED', {why: `${path} changed while it was read`}, {cause});
    });
  }

  async #any(path: string, name: string): Promise<void> {
    const about = (await lstat(path).catch(() => undefined)) as About | undefined;
    // Gone since it was listed.
    if (about === undefined) return;
    if (about.isDirectory()) return this.folder(path, name, about);
    if (about.isFile()) return this.file(path, name, about);
    if (about.isSymbolicLink()) return this.#entry({...headOf(name, about), type: 'symlink', linkname: await readlink(path)});
    this.#handlers.skipped?.(path);
  }

  /** Resolves when it was taken, so that a folder of a million links does not lie in memory as a whole. */
  #entry(header: Parameters<Pack['entry']>[0]): Promise<void> {
    this.#handlers.entry?.(header.name);
    return new Promise((resolve, reject) => {
      this.#tar.entry(header, '', error => (error ? reject(error) : resolve()));
    });
  }
}

const headOf = (name: string, {mode, mtime}: Pick<About, 'mode' | 'mtime'>) => ({name, mode: mode & 0o777, mtime});
