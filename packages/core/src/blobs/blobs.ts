import {readdir, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {privateDir} from '../config/index.ts';
import {AuditFiles} from './audit-files.ts';
import {type FolderObjects, openFolderObjects} from './folder-objects.ts';
import {JobOutput} from './job-output.ts';
import {OpenFiles} from './open-files.ts';
import {type BlobPlaces, blobPlaces} from './places.ts';
import {type FileLimits, JobFiles, fileLimits} from './uploads.ts';

export interface BlobOptions {
  readonly dir: string;
  readonly perJobBytes?: number;
  readonly totalBytes?: number;
  readonly limits?: Partial<FileLimits>;
}

export interface Blobs {
  readonly output: JobOutput;
  readonly files: JobFiles;
  readonly audit: AuditFiles;
  /** Bytes of the folders of a cluster. */
  folders(tenant: string, cluster: string): FolderObjects;
  /** What images of a tenant's roles are built of. */
  contexts(tenant: string): FolderObjects;
  tenantsWithContexts(): Promise<string[]>;
  /** Clusters of whose folders something lies here. */
  clustersWithFolders(): Promise<{readonly tenant: string; readonly cluster: string}[]>;
  /** Removes the oldest logs of ended jobs until all fit under the bound. */
  trim(mayRemove: (job: string) => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

const mib = 1024 ** 2;

/** The only bytes on disk. */
export function openBlobs(options: BlobOptions): Blobs {
  privateDir(options.dir);
  const places = blobPlaces(options.dir);
  const files = new OpenFiles();
  const output = new JobOutput(places, files, options.perJobBytes ?? 64 * mib);
  return {
    output,
    files: new JobFiles(places, files, {...fileLimits, ...options.limits}),
    audit: new AuditFiles(join(options.dir, 'audit')),
    folders: (tenant, cluster) => openFolderObjects(places.folders(tenant, cluster)),
    contexts: tenant => openFolderObjects(places.contexts(tenant)),
    tenantsWithContexts: () => readdir(places.allContexts).catch(() => []),
    clustersWithFolders: async () => {
      const tenants = await readdir(places.allFolders).catch(() => []);
      const found = tenants.map(async tenant => (await readdir(join(places.allFolders, tenant))).map(cluster => ({tenant, cluster})));
      return (await Promise.all(found)).flat();
    },
    trim: mayRemove => trim(places, files, options.totalBytes ?? 10 * 1024 * mib, mayRemove),
    close: () => files.close(),
  };
}

interface JobSize {
  readonly job: string;
  readonly path: string;
  readonly bytes: number;
  readonly at: number;
}

async function trim(places: BlobPlaces, files: OpenFiles, most: number, mayRemove: (job: string) => Promise<boolean>): Promise<void> {
  const sizes: JobSize[] = [];
  for (const tenant of await readdir(places.jobs).catch(() => []))
    for (const job of await readdir(join(places.jobs, tenant)).catch(() => []))
      sizes.push(await sizeOf(job, join(places.jobs, tenant, job)));
  let total = sizes.reduce((sum, each) => sum + each.bytes, 0);
  for (const each of sizes.toSorted((a, b) => a.at - b.at)) {
    if (total <= most) return;
    if (!(await mayRemove(each.job))) continue;
    await files.forget(`${each.path}/`);
    await rm(each.path, {recursive: true, force: true});
    total -= each.bytes;
  }
}

async function sizeOf(job: string, path: string): Promise<JobSize> {
  let bytes = 0;
  let at = 0;
  const walk = async (dir: string): Promise<void> => {
    for (const entry of await readdir(dir, {withFileTypes: true}).catch(() => [])) {
      const full = join(dir, entry.name);
      if (entry.isDirectory()) {
        await walk(full);
        continue;
      }
      const found = await stat(full).catch(() => undefined);
      // What several jobs have links of is there once.
      bytes += ((found?.blocks ?? 0) * 512) / (found?.nlink ?? 1);
      at = Math.max(at, found?.mtimeMs ?? 0);
    }
  };
  await walk(path);
  return {job, path, bytes, at};
}
