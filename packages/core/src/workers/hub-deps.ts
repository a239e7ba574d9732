import type {Packed} from '../blobs/packed.ts';
import type {Progress} from '../api/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import type {Timing} from '../config/index.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import type {JobStore} from '../jobs/store.ts';
import type {ReportSecrets, SecretValues} from '../services.ts';
import type {StartContext} from './job-start.ts';
import type {Presence} from './presence.ts';
import type {Leases} from './store-connect.ts';
import type {Outboxes} from './store-outbox.ts';
import type {WorkerStore} from './store.ts';
import type {WorkerTable} from './table.ts';

/** Folders as the attempts of jobs see them. */
export interface JobFolders {
  /** The blobs `folders` and `folders-base` of an attempt; undefined where its job has no folders. */
  read(record: JobRecord, blob: string): Promise<Packed | undefined>;
  /**
   * What the attempt sent of them, once, whoever asks how often; resolves to what its log should say. Nothing is written where the job
   * has moved on. `LIMIT_REACHED`, `INVALID_INPUT`.
   */
  store(record: JobRecord): Promise<readonly string[]>;
}

export type JobProgress = Omit<Progress, 'at'>;

export interface HubDeps {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly table: WorkerTable;
  readonly leases: Leases;
  readonly outboxes: Outboxes;
  readonly presence: Presence;
  readonly blobs: Blobs;
  readonly folders: JobFolders;
  readonly secrets: Pick<SecretValues, 'values'>;
  readonly reportSecrets: ReportSecrets;
  /** How far a job says it is. */
  readonly onProgress: (job: JobRecord, progress: JobProgress) => void;
  readonly timing: Timing;
  readonly start: StartContext;
  readonly nudge: (things: readonly string[]) => void;
  readonly onGauge: (tenant: string, object: string, values: Record<string, unknown>) => void;
  readonly onFault: (error: unknown, about: string) => void;
}
