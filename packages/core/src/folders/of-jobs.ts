import type {Blobs} from '../blobs/blobs.ts';
import {packed, type Packed} from '../blobs/packed.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import {stillCounts} from '../jobs/rules-record.ts';
import type {JobStore} from '../jobs/store.ts';
import type {FolderFile} from '../protocol/index.ts';
import {packedBase, pinnedBase} from './folders-base.ts';
import {takeChanges} from './received.ts';
import type {FolderLimits} from './rules.ts';
import {type Conflict, type Written} from './rules-merge.ts';
import {inFolder, placesOf, runOf} from './rules-places.ts';
import {readStored, type Stored} from './store.ts';
import {type FolderWrite, writeChanges} from './write.ts';

export interface JobFoldersDeps {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly limits: FolderLimits;
  /** Most bytes in all folders of a tenant; -1 is unlimited. */
  readonly mostBytes: (tenant: string) => Promise<number>;
  readonly noteDue: (at: number) => void;
}

/** Reading and storing of folders by attempts; what each promises stands where the hub asks for it. */
export function createJobFolders(deps: JobFoldersDeps) {
  const {store, blobs} = deps;
  const base = (record: JobRecord) => pinnedBase({rim: store.rim, blobs}, record);
  return {
    async read(record: JobRecord, blob: string): Promise<Packed | undefined> {
      if (placesOf(record).length === 0) return undefined;
      const index = await base(record);
      if (blob === 'folders-base') return packed([{bytes: Buffer.from(JSON.stringify(index))}]);
      return blob === 'folders' ? packedBase(blobs.folders(record.tenant, record.origin!.cluster.id), index) : undefined;
    },
    async store(record: JobRecord): Promise<readonly string[]> {
      const known = await readStored(store.rim, runOf(record), record.id, record.attempt.id);
      const stored = known ?? (await storeOnce(deps, record));
      await blobs.files.dropChanges(record.tenant, record.id, record.attempt.number);
      return stored?.notes ?? [];
    },
  };
}

async function storeOnce(deps: JobFoldersDeps, record: JobRecord): Promise<Stored | undefined> {
  const {store, blobs, limits} = deps;
  const {tenant, id, attempt} = record;
  const cluster = record.origin!.cluster.id;
  const role = record.origin!.role;
  const places = placesOf(record);
  const objects = blobs.folders(tenant, cluster);
  const base = await pinnedBase({rim: store.rim, blobs}, record);
  const path = blobs.files.changesPath(tenant, id, attempt.number);
  const changes = await takeChanges(path, {objects, places, base, limits});
  const keep = record.origin!.folders!.keepPrivateMs;
  const now = store.rim.clock.now();
  const writes: FolderWrite[] = places.flatMap(({folder}) => {
    const own = <T extends {readonly path: string}>(files: readonly T[]): T[] =>
      files.flatMap(file => {
        const at = inFolder(places, file.path);
        return at?.folder === folder ? [{...file, path: at.path}] : [];
      });
    const files: FolderFile[] = own(changes.files);
    const gone = own(changes.gone.map(each => ({path: each}))).map(each => each.path);
    if (files.length === 0 && gone.length === 0) return [];
    const hashes = new Map(own(base.files).map(file => [file.path, file.hash]));
    const written: Written = {base: hashes, files, gone, by: `${role.name} ${id}`, at: now, job: id};
    return [{folder, written, until: folder.startsWith('private/') ? now + (keep ?? 0) : undefined}];
  });
  let stored: Stored | undefined;
  await writeChanges(
    {rim: store.rim, limits, noteDue: deps.noteDue},
    {
      tenant,
      cluster,
      objects,
      writes,
      mostBytes: await deps.mostBytes(tenant),
      actor: `role:${role.name}`,
      role: role.id,
      job: async conflicts => {
        const present = await store.read(id);
        if (present === undefined || present.attempt.id !== attempt.id || !stillCounts(present)) return undefined;
        const known = await readStored(store.rim, runOf(record), id, attempt.id);
        stored = known ?? {attempt: attempt.id, conflicts: conflicts.slice(0, mostTold), notes: notesOf(conflicts)};
        return known === undefined ? {id, v: present.v, run: runOf(record), stored} : undefined;
      },
    },
  );
  return stored;
}

const mostTold = 1_000;

const notesOf = (conflicts: readonly Conflict[]): string[] =>
  conflicts.slice(0, mostTold).map(({path, kept}) => `${path} was changed by another job too: this one's is kept as ${kept}`);
