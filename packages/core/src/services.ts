import type {z} from 'zod';
import type {
  AdoptRequest,
  AnyJson,
  BuildRequest,
  PluginView,
  CreateDevBoxRequest,
  DevBoxStatsView,
  DevBoxView,
  EventView,
  DisplayRequest,
  ExecRequest,
  Gauge,
  ImageCheckView,
  ImageView,
  JobView,
  JobsQuery,
  LabelRequest,
  PullRequest,
  RemoveImageRequest,
  RemoveRequest,
  RunRequest,
  SnapshotRequest,
  WorkerView,
} from './api/index.ts';
import type {Caller, Page} from './services-caller.ts';
import type {ClusterService, RoleRun} from './services-clusters.ts';
import type {ReportService, WebhookService} from './services-reports.ts';
import type {DisplayService, FileService, FolderService, PortService, TerminalService} from './services-streams.ts';
import type {Gap, LogEnd, OutputName, TenantId} from './protocol/index.ts';

export type {Caller, Page, Session} from './services-caller.ts';
export type {ClusterService, RolePlace, RoleRun, RunAgain} from './services-clusters.ts';
export type {ReportSecrets, ReportService, WebhookService} from './services-reports.ts';
export type {
  FilesOfBox,
  BoxFiles,
  FileService,
  FolderPlan,
  FolderService,
  TerminalService,
  TerminalToOpen,
  TerminalStream,
  TerminalHandlers,
  DisplayService,
  DisplayToView,
  PortService,
  PortPlace,
  PortToOpen,
  PortStream,
  PortHandlers,
} from './services-streams.ts';

type Body<T extends z.ZodType> = z.infer<T>;

/**
 * What the subjects offer to routes. All reject with BoxyardError (`NOT_FOUND` also for objects of another tenant,
 * `REDIS_UNAVAILABLE` within 2 s while Redis is away). Mutations are durable when they resolve; with the same idempotency
 * key and the same request they resolve to the first answer, with another request to `IDEMPOTENCY_MISMATCH`.
 */
export interface JobService {
  run(caller: Caller, request: RunRequest, key?: string): Promise<JobView>;
  exec(caller: Caller, devbox: string, request: ExecRequest, key?: string): Promise<JobView>;
  /** The display that is open, or a new one. */
  display(caller: Caller, devbox: string, request: DisplayRequest, key?: string): Promise<JobView>;
  pull(caller: Caller, request: Body<typeof PullRequest>, key?: string): Promise<JobView>;
  build(caller: Caller, request: Body<typeof BuildRequest>, key?: string): Promise<JobView>;
  /** `at`: where the image was found; what the request names has the say without it. */
  removeImage(
    caller: Caller,
    request: Body<typeof RemoveImageRequest>,
    options: {readonly key?: string | undefined; readonly at?: ImagePlace | undefined},
  ): Promise<JobView>;
  /** By id, unique prefix of an id, or `DEVBOX/NAME`. */
  show(tenant: TenantId, job: string): Promise<JobView>;
  list(tenant: TenantId, query: z.infer<typeof JobsQuery>): Promise<Page<JobView>>;
  /** What came of it; `NOT_FOUND` where nothing was reported or gathered. */
  result(tenant: TenantId, job: string): Promise<AnyJson>;
  /** How many terminals and displays the tenant has that were accepted and have not ended. */
  liveSessions(tenant: TenantId): Promise<number>;
  cancel(caller: Caller, job: string, reason: string): Promise<JobView>;
  /** A run of a role of a cluster. */
  runRole(caller: Caller, run: RoleRun): Promise<JobView>;
  retry(caller: Caller, job: string, options: {readonly key?: string | undefined; readonly failed?: boolean | undefined}): Promise<JobView>;
  /** Calls back with the newest view on every change, at once with the present one; the function returned ends it. */
  watch(tenant: TenantId, job: string, onChange: (job: JobView) => void): Promise<() => void>;
}
export interface DevBoxService {
  create(caller: Caller, request: CreateDevBoxRequest, key?: string): Promise<{devbox: DevBoxView; job: JobView}>;
  list(tenant: TenantId): Promise<Page<DevBoxView>>;
  show(tenant: TenantId, devbox: string): Promise<DevBoxView>;
  /** Asks its worker, within 5 s; all who ask within a second share one answer. `CONFLICT` where it does not run, `WORKER_OFFLINE`. */
  stats(tenant: TenantId, devbox: string): Promise<DevBoxStatsView>;
  start(caller: Caller, devbox: string, key?: string): Promise<JobView>;
  stop(caller: Caller, devbox: string, graceMs?: number, key?: string): Promise<JobView>;
  snapshot(caller: Caller, devbox: string, request: Body<typeof SnapshotRequest>, key?: string): Promise<JobView>;
  /** The job that stops it (or removes it, with `now`); undefined where nothing has to be done on a worker (`forget`). */
  remove(caller: Caller, devbox: string, request: Body<typeof RemoveRequest>, key?: string): Promise<{devbox: DevBoxView; job?: JobView}>;
  restore(caller: Caller, devbox: string): Promise<DevBoxView>;
  adopt(caller: Caller, request: Body<typeof AdoptRequest>): Promise<DevBoxView>;
}
export interface WorkerService {
  list(tenant: TenantId): Promise<Page<WorkerView>>;
  show(tenant: TenantId, worker: string): Promise<WorkerView>;
  label(caller: Caller, worker: string, request: Body<typeof LabelRequest>): Promise<WorkerView>;
  cordon(caller: Caller, worker: string, on: boolean): Promise<WorkerView>;
  drain(caller: Caller, worker: string, on: boolean): Promise<WorkerView>;
  remove(caller: Caller, worker: string): Promise<void>;
}
export interface ImagePlace {
  readonly worker: string;
  readonly engine: string;
}
export interface ImageService {
  /** Asks every connected worker of the tenant, 5 s at most; a worker that did not answer is left out and named in `missing`. */
  list(tenant: TenantId): Promise<Page<ImageView> & {readonly missing: readonly string[]}>;
  check(tenant: TenantId, ref: string): Promise<z.infer<typeof ImageCheckView>>;
  /** The first connected worker and engine that has it, of those that were named; undefined where none said so. */
  find(
    tenant: TenantId,
    image: {readonly ref: string; readonly worker?: string | undefined; readonly engine?: string | undefined},
  ): Promise<ImagePlace | undefined>;
}
export interface LogService {
  /** Lengths (gaps counted) and gaps of a job's streams as stored. */
  have(tenant: TenantId, job: string, attempt?: number): Promise<{readonly have: LogEnd; readonly gaps: readonly Gap[]}>;
  /** When a stream's bytes came, and how many there were then: the byte at a mark's `offset` came at `at` (ms), the next ones within a second of it. */
  times(
    tenant: TenantId,
    job: string,
    stream: OutputName,
    attempt?: number,
  ): Promise<{readonly marks: readonly {readonly offset: number; readonly at: number}[]; readonly length: number}>;
  /**
   * Bytes of a stream from `from` on; where the stream has a gap at the position, `gap` is yielded instead. With `follow` it
   * waits for more until the job has ended and everything was yielded. In order, single consumer, ends when `signal` aborts.
   */
  read(
    tenant: TenantId,
    job: string,
    stream: OutputName,
    options: {from: number; follow: boolean; attempt?: number; signal: AbortSignal},
  ): AsyncIterable<{readonly offset: number; readonly bytes: Uint8Array} | {readonly gap: Gap}>;
  /** Appends stdin where `offset` equals the stored length (a repeat is dropped); resolves to the stored length. */
  writeStdin(tenant: TenantId, job: string, offset: number, bytes: Uint8Array): Promise<number>;
  stdinLength(tenant: TenantId, job: string): Promise<{readonly length: number; readonly ended: boolean}>;
  endStdin(tenant: TenantId, job: string, length: number): Promise<void>;
  /** The client that fed stdin is gone before eof: unless one comes back within the grace, the job is killed (`stdin_interrupted`). */
  stdinClientGone(tenant: TenantId, job: string): void;
  stdinClientHere(tenant: TenantId, job: string): void;
  /** Stores an upload; the id is random and belongs to the tenant. Bounded, removed after 24 h if no job took it. */
  upload(tenant: TenantId, bytes: AsyncIterable<Uint8Array>): Promise<{blob: string; bytes: number}>;
  out(tenant: TenantId, job: string): Promise<{readonly bytes: number; read(): AsyncIterable<Uint8Array>}>;
}
export interface EventService {
  /**
   * Events after `after` (`<incarnation>.<n>`), then live ones; `reset` where `after` is no longer in the stream. `onPlace` comes
   * before the first event and is what a follower who has seen none yet is to resume after.
   */
  follow(
    tenant: TenantId,
    after: string | undefined,
    handlers: {
      onPlace(seq: string): void;
      onEvent(event: EventView): void;
      onReset(): void;
      onGauge(gauge: z.infer<typeof Gauge>): void;
    },
  ): Promise<() => void>;
}
/** A worker by its credential; `labels` are those its invitation gave it. */
export interface KnownWorker {
  readonly worker: string;
  readonly tenant: TenantId;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}
/** What `workers/hub` asks of `access` when an agent connects, and what `access` asks of the hub when one is removed. */
export interface WorkerCredentials {
  /** Undefined: unknown (401). `removed` or `other-tenant`: positively known (403, R14). */
  find(credential: string): Promise<KnownWorker | {readonly refused: string} | undefined>;
}
export interface SecretValues {
  /** Plain values of a tenant's secrets and of a job's own; missing names are left out. */
  values(tenant: TenantId, job: string, names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  setForJob(tenant: TenantId, job: string, values: Readonly<Record<string, string>>): Promise<void>;
  forgetJob(tenant: TenantId, job: string): Promise<void>;
}
/** The plugins of this server's own process. */
export interface PluginService {
  ofServer(): Promise<readonly PluginView[]>;
}
export interface Services {
  readonly jobs: JobService;
  readonly reports: ReportService;
  readonly devboxes: DevBoxService;
  readonly workers: WorkerService;
  readonly images: ImageService;
  readonly logs: LogService;
  readonly events: EventService;
  readonly terminals: TerminalService;
  readonly files: FileService;
  readonly ports: PortService;
  readonly displays: DisplayService;
  readonly clusters: ClusterService;
  readonly folders: FolderService;
  readonly webhooks: WebhookService;
  readonly plugins: PluginService;
}
