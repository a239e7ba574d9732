import {packed, type Packed} from '../blobs/packed.ts';
import type {FolderObjects} from '../blobs/folder-objects.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {FolderIndex} from '../protocol/index.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Kept} from './rules-merge.ts';
import {type Place, broughtPlaces, placesOf} from './rules-places.ts';
import {folderNames, readFolders, type FolderRecord} from './store.ts';

/** What one folder's list says; nothing where there is no folder yet. */
export async function listOf(objects: FolderObjects, record: FolderRecord | undefined): Promise<Kept[]> {
  return record === undefined ? [] : (JSON.parse((await objects.read(record.list)).toString('utf8')) as Kept[]);
}

export interface BaseDeps {
  readonly rim: RedisRim;
  readonly blobs: Blobs;
}

/** What an attempt finds in its folders, decided when it first asks and kept until its end: whoever asks again gets the same (R31). */
export async function pinnedBase({rim, blobs}: BaseDeps, record: JobRecord): Promise<FolderIndex> {
  const {tenant, id, attempt} = record;
  const kept = await blobs.files.note(tenant, id, {attempt: attempt.number, name: 'folders'});
  const objects = blobs.folders(tenant, record.origin!.cluster.id);
  if (kept !== undefined) {
    const index = FolderIndex.parse(JSON.parse(kept));
    if (await areThere(objects, index)) return index;
  }
  const index = await presentIndex({rim, blobs}, record);
  await blobs.files.putNote(tenant, id, {attempt: attempt.number, name: 'folders', text: JSON.stringify(index)});
  return index;
}

/** Kept for a day more, so that what is on its way is not dropped. */
async function areThere(objects: FolderObjects, {files}: FolderIndex): Promise<boolean> {
  for (const hash of new Set(files.map(file => file.hash))) if (!(await objects.touch(hash))) return false;
  return true;
}

/** What the copies of its run brought, for the job that gathers. */
async function broughtTo(rim: RedisRim, cluster: string, record: JobRecord): Promise<Place[]> {
  return record.gathers === true ? broughtPlaces(record, await folderNames(rim, cluster)) : [];
}

const mostTries = 5;

async function presentIndex({rim, blobs}: BaseDeps, record: JobRecord): Promise<FolderIndex> {
  const own = placesOf(record);
  const cluster = record.origin!.cluster.id;
  const objects = blobs.folders(record.tenant, cluster);
  for (let tries = 1; ; tries += 1) {
    const places = [...own, ...(await broughtTo(rim, cluster, record))];
    const folders = await readFolders(
      rim,
      cluster,
      places.map(place => place.folder),
    );
    const lists = await Promise.all(folders.map(folder => listOf(objects, folder)));
    const files = lists.flatMap((list, n) =>
      list.map(({path, hash, bytes, exec}) => ({path: `${places[n]!.at}/${path}`, hash, bytes, exec: exec === true})),
    );
    const index = {dirs: own.map(place => place.at), files};
    if (tries === mostTries || (await areThere(objects, index))) return index;
  }
}

/** The blob `folders`: an index with its length before it, then all bytes. */
export function packedBase(objects: FolderObjects, index: FolderIndex): Packed {
  const head = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return packed([{bytes: length}, {bytes: head}, ...index.files.map(({hash, bytes}) => ({path: objects.path(hash), length: bytes}))]);
}
