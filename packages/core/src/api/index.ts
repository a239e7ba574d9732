export {
  AttachQuery,
  BuildRequest,
  CancelRequest,
  RetryRequest,
  CreateDevBoxRequest,
  ExecRequest,
  ImageCheckQuery,
  JobState,
  JobView,
  JobsQuery,
  LogsQuery,
  LogTimesQuery,
  LogTimesView,
  Outcome,
  PullRequest,
  Reason,
  Refusal,
  RemoveImageRequest,
  RunRequest,
  SnapshotRequest,
  StopRequest,
  Totals,
  UploadView,
} from './jobs.ts';
export {AnyJson, MOST_RESULT_BYTES, Progress, ReportRequest, ReportedView} from './reported.ts';
export {attachFromClient, attachFromServer, attachStream} from './attach.ts';
export {FileStatView, FilesPutView, FilesQuery} from './files.ts';
export {ERROR_TRAILER, encodeTrailer} from './trailer.ts';
export {
  DisplayQuery,
  DisplayRequest,
  DisplayTicketRequest,
  DisplayTicketView,
  displayFromClient,
  displayToClient,
  type DisplayFromClient,
  type DisplayToClient,
} from './display.ts';
export {DISPLAY_PROTOCOL, TICKET_PROTOCOL} from './display-protocols.ts';
export {portFromClient, portToClient, type PortFromClient, type PortToClient} from './port.ts';
export {TerminalQuery, terminalFromClient, terminalToClient, type TerminalFromClient, type TerminalToClient} from './terminal.ts';
export {
  Access,
  AdoptRequest,
  CreateTenantRequest,
  CreatedTenantView,
  DevBoxState,
  DevBoxStatsView,
  DevBoxView,
  ErrorBody,
  EventView,
  Gauge,
  Health,
  ImageCheckView,
  ImageView,
  InvitationRequest,
  InvitationView,
  LabelRequest,
  Plan,
  Presence,
  ReadmitRequest,
  ReadmittedView,
  RedeemRequest,
  RedeemView,
  RemoveRequest,
  SecretName,
  SecretView,
  SetSecretRequest,
  SetTenantRequest,
  SwitchRequest,
  TenantLimits,
  TenantView,
  TokenRequest,
  TokenView,
  WhoAmI,
  WorkerView,
  page,
} from './resources.ts';
export {PluginView} from './plugins.ts';
export {
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
  WebhookSecret,
  WebhookView,
} from './webhooks.ts';
export {routes, type Route} from './routes.ts';
export {
  contracts,
  type BodyIn,
  type BodyOf,
  type Contract,
  type QueryIn,
  type QueryOf,
  type ResponseOf,
  type RouteName,
} from './contracts.ts';
export {clusterSchema} from './cluster-schema.ts';
export {
  ApplyRequest,
  ApplyView,
  ClusterChange,
  ClusterDocument,
  ClusterView,
  RoleDocument,
  RoleView,
  RunRoleRequest,
  StopClusterRequest,
  StoppedView,
  TriggerRequest,
  TriggeredView,
  UpdateClusterRequest,
} from './clusters.ts';
export {FolderFileView, FolderView, FoldersPutView, RunRecordView, RunView, RunsQuery} from './folders.ts';
export {Conflict, Origin} from './origin.ts';
