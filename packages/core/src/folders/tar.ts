import {createReadStream} from 'node:fs';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {extract, pack} from 'tar-stream';
import type {FolderObjects} from '../blobs/folder-objects.ts';
import {BoxyardError} from '../errors/index.ts';
import type {FolderFile} from '../protocol/index.ts';
import {type FolderLimits, pathTrouble, tooLargeFile} from './rules.ts';

const refused = (why: string) => new BoxyardError('ARCHIVE_REFUSED', {why});

/** Plain files, in the order given. */
export async function* tarOf(objects: FolderObjects, files: readonly (FolderFile & {readonly at: number})[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const adding = (async () => {
    for (const {path, hash, bytes, exec, at} of files) {
      const entry = tar.entry({name: path, size: bytes, mode: exec ? 0o755 : 0o644, mtime: new Date(at)});
      if (bytes === 0) entry.end(Buffer.alloc(0));
      else await pipeline(createReadStream(objects.path(hash)), entry);
    }
    tar.finalize();
  })();
  adding.catch((error: Error) => tar.destroy(error));
  yield* Readable.from(tar) as AsyncIterable<Uint8Array>;
  await adding;
}

/**
 * Keeps the files of an archive that a client made and resolves to what they are. Plain files and directories alone: a link, a device,
 * a name that leads elsewhere or comes twice is `ARCHIVE_REFUSED`, and then nothing of it is in any folder. `LIMIT_REACHED`.
 */
export async function takeTar(tar: AsyncIterable<Uint8Array>, objects: FolderObjects, limits: FolderLimits): Promise<FolderFile[]> {
  const extraction = extract();
  const feeding = pipeline(Readable.from(tar), extraction);
  // Its failure is met where entries are read.
  feeding.catch(() => undefined);
  const files = new Map<string, FolderFile>();
  let entries = 0;
  for await (const entry of extraction) {
    const {name, type, size, mode} = entry.header;
    const path = name.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
    if ((entries += 1) > limits.files * 2) throw refused(`it has more than ${limits.files * 2} entries`);
    const isRoot = path === '' || path === '.';
    const trouble = isRoot ? undefined : pathTrouble(path);
    if (trouble !== undefined) throw refused(`the name ${JSON.stringify(name.slice(0, 200))} ${trouble}`);
    if (type === 'directory') {
      entry.resume();
      continue;
    }
    if ((type !== 'file' && type !== 'contiguous-file') || isRoot)
      throw refused(`${JSON.stringify(name.slice(0, 200))} is a ${type ?? 'thing'}, and folders hold plain files`);
    if (files.has(path)) throw refused(`${JSON.stringify(path)} is in it twice`);
    if (size > limits.fileBytes) throw tooLargeFile(path, limits.fileBytes);
    const {hash, bytes} = await objects.put(entry as AsyncIterable<Uint8Array>, limits.fileBytes);
    files.set(path, {path, hash, bytes, exec: (mode & 0o100) !== 0});
  }
  await feeding;
  return [...files.values()];
}
