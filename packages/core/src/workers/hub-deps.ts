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

export type JobProgress = Omit<Progress, 'at'>;

export interface HubDeps {
  readonly store: JobStore;
  readonly workers: WorkerStore;
  readonly table: WorkerTable;
  readonly leases: Leases;
  readonly outboxes: Outboxes;
  readonly presence: Presence;
  readonly blobs: Blobs;
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
