import type {Blobs} from '../blobs/blobs.ts';
import {readCluster} from '../clusters/store.ts';
import type {RedisRim} from '../rim/redis.ts';
import {listOf} from './folders-base.ts';
import {dropKeptRow, folderNames, foldersOfRun, forgetRun, keptUntil, readFolders, writeFolders} from './store.ts';

export interface CleaningDeps {
  readonly rim: RedisRim;
  readonly blobs: Blobs;
}

/** A folder, or with `*` all of a cluster, was to be kept until now. May run twice at once and again after any death. */
export async function lookAtKept({rim, blobs}: CleaningDeps, cluster: string, folder: string): Promise<void> {
  const until = await keptUntil(rim, cluster, folder);
  if (until === undefined || until > rim.clock.now()) return;
  if (folder !== '*') {
    await dropFolder(rim, cluster, folder);
    return dropKeptRow(rim, cluster, folder);
  }
  // Asked for with the end of the cluster; one that is there again, after a Redis that went back, keeps what it has.
  if ((await readCluster(rim, cluster)) !== undefined) return dropKeptRow(rim, cluster, folder);
  const tenants = new Set<string>();
  for (const name of await folderNames(rim, cluster)) {
    const tenant = await dropFolder(rim, cluster, name);
    if (tenant !== undefined) tenants.add(tenant);
  }
  for (const tenant of tenants) await blobs.folders(tenant, cluster).remove();
  await dropKeptRow(rim, cluster, folder);
}

/** Whose it was; its bytes go when nothing else names them. */
async function dropFolder(rim: RedisRim, cluster: string, folder: string): Promise<string | undefined> {
  for (;;) {
    const [before] = await readFolders(rim, cluster, [folder]);
    if (before === undefined) return undefined;
    const steps = [{before, after: undefined}];
    if (await writeFolders(rim, {tenant: before.tenant, cluster, steps, watches: [], mostBytes: -1})) return before.tenant;
  }
}

/** A run's history is over: what it brought goes with it. */
export async function dropRunFolders({rim}: CleaningDeps, run: string): Promise<void> {
  for (const {cluster, folder} of await foldersOfRun(rim, run)) await dropFolder(rim, cluster, folder);
  await forgetRun(rim, run);
}

/** Bytes that no list names any more, for a day. */
export async function sweepObjects({rim, blobs}: CleaningDeps): Promise<void> {
  for (const {tenant, cluster} of await blobs.clustersWithFolders()) {
    const objects = blobs.folders(tenant, cluster);
    const used = new Set<string>();
    for (const record of await readFolders(rim, cluster, await folderNames(rim, cluster))) {
      if (record === undefined) continue;
      used.add(record.list);
      for (const file of await listOf(objects, record)) used.add(file.hash);
    }
    await objects.sweep(hash => used.has(hash), Date.now());
  }
}
