import type {Blobs} from './blobs/blobs.ts';
import {lookAtCron} from './clusters/crons.ts';
import {type CleaningDeps, dropRunFolders, lookAtKept, sweepObjects} from './folders/cleaning.ts';
import {createFolderService} from './folders/folders.ts';
import {createJobFolders} from './folders/of-jobs.ts';
import {folderLimits} from './folders/rules.ts';
import {lookAtWatch} from './folders/watches.ts';
import type {LookOptions} from './jobs/look.ts';
import type {Tenants} from './jobs/store-prepare.ts';
import type {JobStore} from './jobs/store.ts';
import type {TidyDeps} from './jobs/tidy.ts';
import type {RedisRim} from './rim/redis.ts';
import type {ClusterService, FolderService} from './services.ts';
import type {JobFolders} from './workers/hub-deps.ts';

export interface FolderCoreOptions {
  readonly rim: RedisRim;
  readonly blobs: Blobs;
  readonly tenants: Tenants;
  readonly store: JobStore;
  /** A row of `due` was written for that time. */
  readonly noteDue: (at: number) => void;
}

export interface FolderCore {
  readonly ofJobs: JobFolders;
  readonly service: FolderService;
  readonly tidy: Pick<TidyDeps, 'dropRun' | 'sweepFolders'>;
  /** What is done when a role's trigger, or the end of a folder, is due. */
  looks(run: ClusterService['run']): Pick<LookOptions, 'cron' | 'watch' | 'kept'>;
}

/** The folders of clusters, for jobs and for people, and what starts roles by time and by changes of files. */
export function createFolderCore({rim, blobs, tenants, store, noteDue}: FolderCoreOptions): FolderCore {
  const mostBytes = async (tenant: string) => (await tenants.get(tenant)).limits.folderBytes ?? -1;
  const limits = folderLimits;
  const deps: CleaningDeps = {rim, blobs};
  return {
    ofJobs: createJobFolders({store, blobs, limits, mostBytes, noteDue}),
    service: createFolderService({rim, blobs, limits, mostBytes, noteDue}),
    tidy: {dropRun: job => dropRunFolders(deps, job), sweepFolders: () => sweepObjects(deps)},
    looks: run => ({
      cron: (cluster, role) => lookAtCron({rim, run}, cluster, role),
      watch: (cluster, role) => lookAtWatch({rim, run, noteDue}, cluster, role),
      kept: (cluster, folder) => lookAtKept(deps, cluster, folder),
    }),
  };
}
