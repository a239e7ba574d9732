import {z} from 'zod';
import {
  AttachQuery,
  BuildRequest,
  CancelRequest,
  RetryRequest,
  CreateDevBoxRequest,
  ExecRequest,
  ImageCheckQuery,
  JobView,
  JobsQuery,
  LogsQuery,
  LogTimesQuery,
  LogTimesView,
  PullRequest,
  RemoveImageRequest,
  RunRequest,
  SnapshotRequest,
  StopRequest,
  UploadView,
} from './jobs.ts';
import {
  AdoptRequest,
  CreateTenantRequest,
  CreatedTenantView,
  DevBoxStatsView,
  DevBoxView,
  Health,
  ImageCheckView,
  ImageView,
  InvitationRequest,
  InvitationView,
  LabelRequest,
  ReadmitRequest,
  ReadmittedView,
  RedeemRequest,
  RedeemView,
  RemoveRequest,
  SecretView,
  SetSecretRequest,
  SetTenantRequest,
  SwitchRequest,
  TenantView,
  TokenRequest,
  TokenView,
  WhoAmI,
  WorkerView,
  page,
} from './resources.ts';
import {
  ApplyRequest,
  ApplyView,
  ClusterDocument,
  ClusterView,
  RoleDocument,
  RoleView,
  RoleWebhookView,
  RotatedRoleWebhookView,
  RunRoleRequest,
  StopClusterRequest,
  StoppedView,
  TriggerRequest,
  TriggeredView,
  UpdateClusterRequest,
} from './clusters.ts';
import {
  FolderFileView,
  FolderPathQuery,
  FolderView,
  FoldersPutView,
  FoldersRemovedView,
  PutFolderQuery,
  RemoveFolderQuery,
  RunView,
  RunsQuery,
} from './folders.ts';
import {AnyJson, ReportRequest, ReportedView} from './reported.ts';
import {FileStatView, FilesPutView, FilesQuery} from './files.ts';
import type {routes} from './routes.ts';
import {TerminalQuery} from './terminal.ts';
import {PluginView} from './plugins.ts';
import {
  CreateWebhookRequest,
  CreatedWebhookView,
  DeadLetterView,
  DeliveriesQuery,
  DeliveryView,
  EnableWebhookRequest,
  RedeliverRequest,
  RedeliverView,
  RotateWebhookRequest,
  UpdateWebhookRequest,
  WebhookView,
} from './webhooks.ts';
import {DisplayQuery, DisplayRequest, DisplayTicketRequest, DisplayTicketView} from './display.ts';

export type RouteName = keyof typeof routes;

/**
 * What one route takes and gives. `status` defaults to 200, or 204 where there is no response; `gives` is the media type of a
 * body that is not JSON; `keyed` routes take the header Idempotency-Key, `signed` ones a signature in the place of a token.
 */
export interface Contract {
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly response?: z.ZodType;
  readonly status?: number;
  readonly takes?: string;
  readonly gives?: string;
  readonly keyed?: true;
  readonly signed?: true;
}

const job = {response: JobView, status: 202, keyed: true} as const;
const octets = 'application/octet-stream';
const tar = 'application/x-tar';

export const contracts = {
  health: {response: Health},
  openapi: {response: z.record(z.string(), z.unknown())},
  metrics: {gives: 'text/plain'},
  whoami: {response: WhoAmI},
  events: {gives: 'text/event-stream'},
  jobsCreate: {...job, body: RunRequest},
  jobsList: {query: JobsQuery.strict(), response: page(JobView)},
  jobsShow: {response: JobView},
  jobsLogs: {query: LogsQuery.strict(), gives: octets},
  jobsLogTimes: {query: LogTimesQuery.strict(), response: LogTimesView},
  jobsAttach: {query: AttachQuery.strict()},
  jobsTerminal: {query: TerminalQuery.strict()},
  jobsDisplay: {query: DisplayQuery.strict()},
  jobsDisplayTicket: {body: DisplayTicketRequest, response: DisplayTicketView, status: 201},
  displayPage: {gives: 'text/html'},
  displayScript: {gives: 'text/javascript'},
  displayStyle: {gives: 'text/css'},
  jobsOut: {gives: tar},
  jobsResult: {response: AnyJson},
  jobsReport: {body: ReportRequest, response: ReportedView},
  jobsCancel: {body: CancelRequest, response: JobView, status: 202},
  jobsRetry: {...job, body: RetryRequest},
  uploads: {takes: octets, response: UploadView, status: 201},
  devboxesCreate: {body: CreateDevBoxRequest, response: z.object({devbox: DevBoxView, job: JobView}), status: 202, keyed: true},
  devboxesList: {response: page(DevBoxView)},
  devboxesShow: {response: DevBoxView},
  devboxesStats: {response: DevBoxStatsView},
  devboxesStart: job,
  devboxesStop: {...job, body: StopRequest},
  devboxesSnapshot: {...job, body: SnapshotRequest},
  devboxesRemove: {body: RemoveRequest, response: z.object({devbox: DevBoxView, job: JobView.optional()}), status: 202, keyed: true},
  devboxesRestore: {response: DevBoxView},
  devboxesExec: {...job, body: ExecRequest},
  devboxesFilesStat: {query: FilesQuery.strict(), response: FileStatView},
  devboxesFilesGet: {query: FilesQuery.strict(), gives: tar},
  devboxesFilesPut: {query: FilesQuery.strict(), takes: tar, response: FilesPutView},
  devboxesDisplay: {...job, body: DisplayRequest},
  devboxesPort: {},
  devboxesAdopt: {body: AdoptRequest, response: DevBoxView},
  clustersList: {response: page(ClusterView)},
  clustersApply: {body: ApplyRequest, response: ApplyView},
  clustersCreate: {body: ClusterDocument, response: ClusterView, status: 201},
  clustersShow: {response: ClusterView},
  clustersUpdate: {body: UpdateClusterRequest, response: ClusterView},
  clustersRemove: {},
  clustersStop: {body: StopClusterRequest, response: StoppedView, status: 202},
  rolesCreate: {body: RoleDocument, response: ClusterView, status: 201},
  rolesShow: {response: RoleView},
  rolesUpdate: {body: RoleDocument, response: ClusterView},
  rolesRemove: {},
  rolesRun: {...job, body: RunRoleRequest},
  rolesTrigger: {body: TriggerRequest, response: TriggeredView, keyed: true, signed: true},
  rolesWebhook: {response: RoleWebhookView},
  rolesWebhookRotate: {body: RotateWebhookRequest, response: RotatedRoleWebhookView},
  rolesWebhookUnsign: {},
  foldersList: {response: page(FolderView)},
  foldersFiles: {query: FolderPathQuery.strict(), response: page(FolderFileView)},
  foldersGet: {query: FolderPathQuery.strict(), gives: tar},
  foldersPut: {query: PutFolderQuery.strict(), takes: tar, response: FoldersPutView},
  foldersRemove: {query: RemoveFolderQuery.strict(), response: FoldersRemovedView},
  clustersRuns: {query: RunsQuery.strict(), response: page(JobView)},
  clustersRun: {response: RunView},
  imagesList: {response: page(ImageView).extend({missing: z.array(z.string())})},
  imagesCheck: {query: ImageCheckQuery.strict(), response: ImageCheckView},
  imagesPull: {...job, body: PullRequest},
  imagesBuild: {...job, body: BuildRequest},
  imagesRemove: {...job, body: RemoveImageRequest},
  workersList: {response: page(WorkerView)},
  workersShow: {response: WorkerView},
  workersLabel: {body: LabelRequest, response: WorkerView},
  workersCordon: {body: SwitchRequest, response: WorkerView},
  workersDrain: {body: SwitchRequest, response: WorkerView},
  workersRemove: {},
  workersReadmit: {body: ReadmitRequest, response: page(ReadmittedView)},
  invitationsCreate: {body: InvitationRequest, response: InvitationView, status: 201},
  invitationsList: {response: page(InvitationView)},
  invitationsRemove: {},
  invitationsRedeem: {body: RedeemRequest, response: RedeemView},
  tokensCreate: {body: TokenRequest, response: TokenView, status: 201},
  tokensList: {response: page(TokenView)},
  tokensRevoke: {},
  secretsSet: {body: SetSecretRequest, response: SecretView},
  secretsList: {response: page(SecretView)},
  secretsRemove: {},
  webhooksCreate: {body: CreateWebhookRequest, response: CreatedWebhookView, status: 201},
  webhooksList: {response: page(WebhookView)},
  webhooksShow: {response: WebhookView},
  webhooksUpdate: {body: UpdateWebhookRequest, response: WebhookView},
  webhooksRemove: {},
  webhooksEnable: {body: EnableWebhookRequest, response: WebhookView},
  webhooksDisable: {response: WebhookView},
  webhooksRotate: {body: RotateWebhookRequest, response: CreatedWebhookView},
  webhooksTest: {response: DeliveryView},
  webhooksDeliveries: {query: DeliveriesQuery.strict(), response: page(DeliveryView)},
  webhooksRedeliver: {body: RedeliverRequest, response: RedeliverView, status: 202},
  webhooksDeadLetters: {response: page(DeadLetterView)},
  pluginsList: {response: page(PluginView)},
  tenantsList: {response: page(TenantView)},
  tenantsShow: {response: TenantView},
  tenantsCreate: {body: CreateTenantRequest, response: CreatedTenantView, status: 201},
  tenantsSet: {body: SetTenantRequest, response: TenantView},
  agents: {},
} as const satisfies Record<RouteName, Contract>;

type Of<K extends RouteName, Part extends 'body' | 'query' | 'response'> = (typeof contracts)[K] extends {readonly [P in Part]: infer S}
  ? S
  : undefined;
export type BodyOf<K extends RouteName> = Of<K, 'body'> extends z.ZodType ? z.output<Of<K, 'body'>> : undefined;
export type QueryOf<K extends RouteName> = Of<K, 'query'> extends z.ZodType ? z.output<Of<K, 'query'>> : undefined;
export type ResponseOf<K extends RouteName> = Of<K, 'response'> extends z.ZodType ? z.output<Of<K, 'response'>> : undefined;
/** As a client writes it: what has a default may be left out. */
export type BodyIn<K extends RouteName> = Of<K, 'body'> extends z.ZodType ? z.input<Of<K, 'body'>> : undefined;
export type QueryIn<K extends RouteName> = Of<K, 'query'> extends z.ZodType ? Loosely<z.input<Of<K, 'query'>>> : undefined;
/** `z.coerce` takes anything, which no caller should read as licence. */
type Loosely<T> = {readonly [P in keyof T]?: unknown extends T[P] ? string | number : T[P]};
