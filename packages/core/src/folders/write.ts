import type {FolderObjects} from '../blobs/folder-objects.ts';
import {BoxyardError} from '../errors/index.ts';
import {type ClusterRecord} from '../clusters/rules.ts';
import {readCluster} from '../clusters/store.ts';
import type {RedisRim} from '../rim/redis.ts';
import {listOf} from './folders-base.ts';
import {type FolderLimits, tooLargeFolder, tooManyFiles} from './rules.ts';
import {type Change, type Conflict, type Written, merge} from './rules-merge.ts';
import {isWatched, noted, watchDue} from './rules-watch.ts';
import {type FolderCommit, type FolderRecord, type FolderStep, readFolders, readWatches, writeFolders} from './store.ts';

export interface WriteDeps {
  readonly rim: RedisRim;
  readonly limits: FolderLimits;
  /** A row of `due` was written for that time. */
  readonly noteDue: (at: number) => void;
}

export interface FolderWrite {
  readonly folder: string;
  readonly written: Written;
  readonly until?: number | undefined;
}

export interface Write {
  readonly tenant: string;
  readonly cluster: string;
  readonly objects: FolderObjects;
  readonly writes: readonly FolderWrite[];
  readonly mostBytes: number;
  readonly actor: string;
  /** Of a job: its role, whose watches do not see it. */
  readonly role?: string | undefined;
  /** What belongs to the same step; undefined where it is not to be written any more. */
  readonly job: ((conflicts: readonly Conflict[]) => Promise<FolderCommit['job']>) | undefined;
}

export interface WriteResult {
  readonly conflicts: readonly Conflict[];
  readonly changes: readonly Change[];
}

const mostTries = 50;

/**
 * What one writer did to folders of a cluster, merged with what others did, in one step with the watches that see it: all of it or
 * nothing. Undefined where its job has moved on, or its cluster is gone. May run at once for many jobs: who comes late merges anew.
 */
export async function writeChanges(deps: WriteDeps, write: Write): Promise<WriteResult | undefined> {
  const {rim} = deps;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const cluster = await readCluster(rim, write.cluster);
    if (cluster === undefined || cluster.tenant !== write.tenant) return undefined;
    const merged = await mergeAll(deps, write);
    const conflicts = merged.flatMap(({folder, result}) =>
      result.conflicts.map(each => ({path: shown(cluster, folder, each.path), kept: shown(cluster, folder, each.kept)})),
    );
    const changes = merged.flatMap(({folder, result}) => result.changes.map(({path, is}) => ({path: shown(cluster, folder, path), is})));
    if (changes.length === 0 && write.job === undefined) return {conflicts, changes};
    const job = await write.job?.(conflicts);
    if (write.job !== undefined && job === undefined) return undefined;
    const watches = await watchesOf(rim, cluster, {changes, author: write.role});
    const steps = merged.flatMap(({step}) => (step === undefined ? [] : [step]));
    const fact = changes.length === 0 ? undefined : {actor: write.actor, data: factOf(changes, conflicts, job?.id)};
    const {tenant, mostBytes} = write;
    if (!(await writeFolders(rim, {tenant, cluster: cluster.id, steps, watches, mostBytes, fact, job}))) continue;
    for (const {after} of watches) deps.noteDue(watchDue(after)!);
    for (const {until} of steps) if (until !== undefined) deps.noteDue(until);
    return {conflicts, changes};
  }
  throw new BoxyardError('CONFLICT', {what: 'A folder', issue: 'changes faster than it can be read'});
}

const mostTold = 100;

const factOf = (changes: readonly Change[], conflicts: readonly Conflict[], job: string | undefined) => ({
  files: changes.slice(0, mostTold).map(change => change.path),
  changed: changes.length,
  ...(conflicts.length === 0 ? {} : {conflicts: conflicts.slice(0, mostTold)}),
  ...(job === undefined ? {} : {job}),
});

async function mergeAll({rim, limits}: WriteDeps, {tenant, cluster, objects, writes}: Write) {
  const folders = await readFolders(
    rim,
    cluster,
    writes.map(({folder}) => folder),
  );
  return Promise.all(
    writes.map(async ({folder, written, until}, n) => {
      const before = folders[n];
      const result = merge(await listOf(objects, before), written);
      if (result.changes.length === 0) return {folder, result, step: undefined};
      const bytes = result.files.reduce((sum, file) => sum + file.bytes, 0);
      if (result.files.length > limits.files) throw tooManyFiles(folder, limits.files);
      if (bytes > limits.folderBytes) throw tooLargeFolder(folder, limits.folderBytes);
      const {hash: list} = await objects.put([Buffer.from(JSON.stringify(result.files))], Number.MAX_SAFE_INTEGER);
      const after: FolderRecord = {
        v: (before?.v ?? 0) + 1,
        tenant,
        cluster,
        folder,
        list,
        files: result.files.length,
        bytes,
        updatedAt: written.at,
        by: written.by,
      };
      const step: FolderStep = {before, after, until};
      return {folder, result, step};
    }),
  );
}

/** As people write it: roles by their names. */
export function shown(cluster: Pick<ClusterRecord, 'roles'>, folder: string, path: string): string {
  const [kind, role, ...rest] = folder.split('/');
  const plain = kind === 'roles' ? ['roles', cluster.roles.find(each => each.id === role)?.name ?? role, ...rest].join('/') : folder;
  return path === '' ? plain : `${plain}/${path}`;
}

/** What the roles that watch these paths have waiting, with them; a role does not see what its own jobs do (R31). */
async function watchesOf(
  rim: RedisRim,
  cluster: ClusterRecord,
  {changes, author}: {changes: readonly Change[]; author: string | undefined},
) {
  const roles = cluster.roles.filter(role => cluster.enabled && role.id !== author && role.triggers?.watch !== undefined);
  const seen = roles
    .map(role => ({role: role.id, changes: changes.filter(({path}) => isWatched(role.triggers!.watch!, path))}))
    .filter(each => each.changes.length > 0);
  const before = await readWatches(
    rim,
    seen.map(({role}) => role),
  );
  const now = rim.clock.now();
  return seen.map(({role, changes: own}, n) => ({
    role,
    before: before[n],
    after: noted(before[n], {tenant: cluster.tenant, changes: own, now}),
  }));
}
