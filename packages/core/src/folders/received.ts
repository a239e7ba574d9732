import type {FolderObjects} from '../blobs/folder-objects.ts';
import {openTrailed} from '../blobs/trailed-file.ts';
import {BoxyardError} from '../errors/index.ts';
import {FolderChanges, type FolderIndex, MAX_INDEX_BYTES} from '../protocol/index.ts';
import {type FolderLimits, checkPath, tooLargeFile} from './rules.ts';
import {type Place, inFolder} from './rules-places.ts';

const refused = (issue: string) => new BoxyardError('INVALID_INPUT', {field: 'folders', issue});

/**
 * What an attempt says it changed: its bytes are kept by what they hash to here, and nothing is believed of paths, sizes and hashes.
 * `INVALID_INPUT`, `LIMIT_REACHED`; then bytes may lie there that no list names.
 */
export async function takeChanges(
  path: string,
  {
    objects,
    places,
    base,
    limits,
  }: {
    readonly objects: FolderObjects;
    readonly places: readonly Place[];
    readonly base: FolderIndex;
    readonly limits: FolderLimits;
  },
): Promise<FolderChanges> {
  const file = await openTrailed(path, MAX_INDEX_BYTES);
  const changes = parsed(file.json);
  const known = new Map(base.files.map(each => [each.hash, each.bytes]));
  let at = 0;
  for (const {hash, bytes} of changes.contents) {
    if (bytes > limits.fileBytes) throw tooLargeFile(changes.files.find(each => each.hash === hash)?.path ?? hash, limits.fileBytes);
    if (at + bytes > file.bytes) throw refused('is shorter than its list says');
    const put = await objects.put(file.part(at, bytes), bytes);
    if (put.hash !== hash) throw refused('holds other bytes than its list says');
    known.set(hash, bytes);
    at += bytes;
  }
  if (at !== file.bytes) throw refused('is longer than its list says');
  for (const {path: name, hash, bytes} of changes.files) {
    checkInside(places, name);
    // Bytes of folders that the job does not see are not to be had by naming their hash.
    if (known.get(hash) !== bytes) throw refused(`names bytes of ${name.slice(0, 200)} that did not come`);
  }
  for (const name of changes.gone) checkInside(places, name);
  const names = [...changes.files.map(each => each.path), ...changes.gone];
  if (new Set(names).size !== names.length) throw refused('names a file twice');
  return changes;
}

function checkInside(places: readonly Place[], path: string): void {
  checkPath(path, 'folders');
  if (inFolder(places, path) === undefined) throw refused(`${JSON.stringify(path.slice(0, 200))} lies in no folder of the job`);
}

function parsed(json: string): FolderChanges {
  try {
    return FolderChanges.parse(JSON.parse(json));
  } catch (cause) {
    throw new BoxyardError('INVALID_INPUT', {field: 'folders', issue: 'is no list of files'}, {cause});
  }
}
