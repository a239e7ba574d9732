import type {FolderFileView, FolderView, FoldersPutView} from '../api/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {findRole, type ClusterRecord} from '../clusters/rules.ts';
import {getCluster} from '../clusters/store.ts';
import {BoxyardError} from '../errors/index.ts';
import {iso} from '../rim/clock.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Caller, FolderService} from '../services.ts';
import {listOf} from './folders-base.ts';
import {type FolderLimits, checkPath} from './rules.ts';
import {type Kept} from './rules-merge.ts';
import {splitPath} from './rules-places.ts';
import {folderNames, keptUntil, readFolders, type FolderRecord} from './store.ts';
import {takeTar, tarOf} from './tar.ts';
import {type FolderWrite, shown, writeChanges} from './write.ts';

export interface FolderDeps {
  readonly rim: RedisRim;
  readonly blobs: Blobs;
  readonly limits: FolderLimits;
  readonly mostBytes: (tenant: string) => Promise<number>;
  readonly noteDue: (at: number) => void;
}

/** A file, by its path as people write it. */
interface Found {
  readonly path: string;
  readonly file: Kept;
}

export function createFolderService(deps: FolderDeps): FolderService {
  const {rim} = deps;
  return {
    list: async (tenant, cluster) => list(rim, await getCluster(rim, tenant, cluster)),
    files: async (tenant, cluster, path) => {
      const record = await getCluster(rim, tenant, cluster);
      const found = await filesUnder(deps, record, path);
      return {items: found.map(fileView)};
    },
    async get(tenant, cluster, path) {
      const record = await getCluster(rim, tenant, cluster);
      const found = await filesUnder(deps, record, path);
      if (found.length === 0) throw nothingThere(record, path);
      const objects = deps.blobs.folders(tenant, record.id);
      const plain = plainPath(path);
      const nameIn = (each: string) =>
        each === plain ? (each.split('/').at(-1) ?? each) : plain === '' ? each : each.slice(plain.length + 1);
      return tarOf(
        objects,
        found.map(({path: each, file}) => ({
          path: nameIn(each),
          hash: file.hash,
          bytes: file.bytes,
          exec: file.exec === true,
          at: file.at,
        })),
      );
    },
    put: (caller, cluster, to, from) => put(deps, caller, {cluster, ...to}, from),
    remove: (caller, cluster, path) => remove(deps, caller, cluster, path),
  };
}

const plainPath = (path: string): string =>
  path
    .split('/')
    .filter(name => name !== '')
    .join('/');

const nothingThere = (cluster: ClusterRecord, path: string) =>
  new BoxyardError('NOT_FOUND', {
    what: `file in the folders of ${cluster.name}`,
    name: path.slice(0, 200),
    list: `boxyard folders list ${cluster.name}`,
  });

/** Those of the documents, and those in which something is. */
async function list(rim: RedisRim, cluster: ClusterRecord): Promise<{items: FolderView[]}> {
  const named = [
    ...(cluster.folders ?? []).map(name => `shared/${name}`),
    ...cluster.roles.flatMap(role => (role.folders ?? []).map(name => `roles/${role.id}/${name}`)),
  ];
  const names = [...new Set([...named, ...(await folderNames(rim, cluster.id))])];
  const records = await readFolders(rim, cluster.id, names);
  const views = names.map(async (name, n): Promise<FolderView> => {
    const record = records[n];
    const until = name.startsWith('private/') ? await keptUntil(rim, cluster.id, name) : undefined;
    return {
      path: shown(cluster, name, ''),
      files: record?.files ?? 0,
      bytes: record?.bytes ?? 0,
      ...(record === undefined ? {} : {updatedAt: iso(record.updatedAt), ...(record.by === undefined ? {} : {by: record.by})}),
      ...(until === undefined ? {} : {until: iso(until)}),
    };
  });
  return {items: (await Promise.all(views)).toSorted((a, b) => (a.path < b.path ? -1 : 1))};
}

/** Of all folders at, above or below that path. */
async function filesUnder({rim, blobs}: FolderDeps, cluster: ClusterRecord, path: string): Promise<Found[]> {
  const plain = plainPath(path);
  const names = await folderNames(rim, cluster.id);
  const near = names.filter(name => isNear(shown(cluster, name, ''), plain));
  const records = await readFolders(rim, cluster.id, near);
  const objects = blobs.folders(cluster.tenant, cluster.id);
  const lists = await Promise.all(records.map(record => listOf(objects, record)));
  const all = lists.flatMap((files, n) => files.map(file => ({path: shown(cluster, near[n]!, file.path), file})));
  return all.filter(each => plain === '' || each.path === plain || each.path.startsWith(`${plain}/`));
}

const isNear = (folder: string, path: string): boolean =>
  path === '' || folder === path || folder.startsWith(`${path}/`) || path.startsWith(`${folder}/`);

const fileView = ({path, file}: Found): FolderFileView => ({
  path,
  bytes: file.bytes,
  sha256: file.hash,
  executable: file.exec === true,
  by: file.by,
  changedAt: iso(file.at),
});

/** Which folder of the documents a path of a person names, and where in it. `NOT_FOUND` for others: nobody makes one by a slip. */
function placeOf(cluster: ClusterRecord, path: string): {readonly folder: string; readonly rest: string} {
  const split = splitPath(path);
  const unknown = () =>
    new BoxyardError('NOT_FOUND', {
      what: `folder of ${cluster.name}`,
      name: path.slice(0, 200),
      hint: `Name it in the cluster’s document: folders. See boxyard folders list ${cluster.name}`,
    });
  if (split === undefined) throw unknown();
  const [kind, first = '', second = ''] = split.folder.split('/');
  if (kind === 'shared' && first !== 'out' && cluster.folders?.includes(first)) return split;
  if (kind !== 'roles') throw unknown();
  const role = findRole(cluster, first);
  if (!role.folders?.includes(second)) throw unknown();
  return {folder: `roles/${role.id}/${second}`, rest: split.rest};
}

interface Putting {
  readonly cluster: string;
  readonly path: string;
  readonly mirror: boolean;
}

async function put(deps: FolderDeps, caller: Caller, to: Putting, tar: AsyncIterable<Uint8Array>): Promise<FoldersPutView> {
  const cluster = await getCluster(deps.rim, caller.tenant, to.cluster);
  const {folder, rest} = placeOf(cluster, to.path);
  if (rest !== '') checkPath(rest);
  const objects = deps.blobs.folders(caller.tenant, cluster.id);
  const came = await takeTar(tar, objects, deps.limits);
  const files = came.map(file => ({...file, path: rest === '' ? file.path : `${rest}/${file.path}`}));
  for (const file of files) checkPath(file.path);
  const inIt = new Set(files.map(file => file.path));
  const goneOf = (there: readonly Kept[]) =>
    to.mirror ? there.map(file => file.path).filter(path => (rest === '' || path.startsWith(`${rest}/`)) && !inIt.has(path)) : [];
  const changes = await personWrites(deps, caller, {cluster, folder, files, goneOf});
  return {
    path: shown(cluster, folder, rest),
    files: files.length,
    changed: changes.filter(({is}) => is === 'changed').length,
    removed: changes.filter(({is}) => is === 'removed').length,
  };
}

async function remove(deps: FolderDeps, caller: Caller, name: string, path: string): Promise<{removed: number}> {
  const cluster = await getCluster(deps.rim, caller.tenant, name);
  const plain = plainPath(path);
  if (plain === '') throw new BoxyardError('INVALID_INPUT', {field: 'path', issue: 'names no folder'});
  const names = (await folderNames(deps.rim, cluster.id)).filter(folder => isNear(shown(cluster, folder, ''), plain));
  let removed = 0;
  for (const folder of names) {
    const isIn = (file: string) => `${shown(cluster, folder, file)}/`.startsWith(`${plain}/`);
    const goneOf = (there: readonly Kept[]) => there.map(file => file.path).filter(isIn);
    removed += (await personWrites(deps, caller, {cluster, folder, files: [], goneOf})).length;
  }
  if (removed === 0) throw nothingThere(cluster, path);
  return {removed};
}

interface PersonWrite {
  readonly cluster: ClusterRecord;
  readonly folder: string;
  readonly files: FolderWrite['written']['files'];
  readonly goneOf: (there: readonly Kept[]) => readonly string[];
}

/** What a person says is so: it takes the place of what is there. What a job brings at the same moment is kept beside it. */
async function personWrites(deps: FolderDeps, {tenant, actor}: Caller, {cluster, folder, files, goneOf}: PersonWrite) {
  const {rim, limits, noteDue} = deps;
  const objects = deps.blobs.folders(tenant, cluster.id);
  const [record]: (FolderRecord | undefined)[] = await readFolders(rim, cluster.id, [folder]);
  const there = await listOf(objects, record);
  const base = new Map(there.map(file => [file.path, file.hash]));
  const written = {base, files, gone: goneOf(there), by: actor, at: rim.clock.now(), job: actor.replace(/[^A-Za-z0-9.-]/g, '-')};
  const result = await writeChanges(
    {rim, limits, noteDue},
    {tenant, cluster: cluster.id, objects, writes: [{folder, written}], mostBytes: await deps.mostBytes(tenant), actor, job: undefined},
  );
  return result?.changes ?? [];
}
