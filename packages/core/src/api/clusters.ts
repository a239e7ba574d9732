import {z} from 'zod';
import {BuildOf} from './jobs.ts';
import {FanOut, IfLost, Labels, Name, Platform, Profile} from '../protocol/index.ts';

/** As people write times and sizes in a file: `10m`, `512m`. */
const Duration = z.string().regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, 'expected a time such as 90s, 10m or 2h');
const Size = z.string().regex(/^\d+(?:\.\d+)?[kmgt]?$/i, 'expected a size such as 512m or 2g');
const Text = z
  .string()
  .max(50_000)
  .regex(/^[^\u0000]*$/, 'expected text without NUL');

/** How many of a role's children must succeed; `quorum 3` is what `{quorum: 3}` is. */
const Policy = z.union([
  FanOut.shape.failurePolicy.unwrap(),
  z.string().regex(/^quorum[= ][1-9]\d{0,4}$/, 'expected all, quorum N, first or best-effort'),
]);

/** What to do when as many runs of a role go on as may. */
export const Overlap = z.enum(['reject', 'queue', 'replace']);

const Cron = z.strictObject({schedule: z.string().max(200), timezone: z.string().max(64).optional()});
/** A name that is a file name on every machine, and a part of a path here. */
const FolderName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected letters, digits, dots, dashes and underscores');
const FolderNames = z.array(FolderName).max(50);
/** What lies in the cluster's folders: `shared/plans`, `shared/out`, `roles/builder/cache`, and what is below them. */
const WatchPath = z
  .string()
  .max(1_000)
  .regex(/^(?:shared|roles)(?:\/[^/\0]+)+\/?$/, 'expected a path such as shared/plans or roles/builder/cache');
/** What starts runs beside people: schedules, changes of files, and whoever calls the role's address (unless `webhook` is false). */
const Triggers = z.strictObject({
  cron: z.array(Cron).max(20).optional(),
  webhook: z.boolean().optional(),
  watch: z.array(WatchPath).min(1).max(20).optional(),
});

/** A role as a file has it: a template of jobs, without a default filled in. */
export const RoleDocument = z.strictObject({
  name: Name,
  /** What whoever plays the role is told about it, behind the cluster's own prompt. */
  instructions: Text.optional(),
  /** What is to be done in one run, unless the run says something else. */
  prompt: Text.optional(),
  engine: z.string().max(63).optional(),
  image: z.string().max(255).optional(),
  /** In the place of `image`. In a view its context is always `sha256:…`. */
  build: BuildOf.optional(),
  command: z.array(z.string().max(131_072)).min(1).max(4096).optional(),
  env: Labels.optional(),
  /** Variable to the name of a secret. */
  secrets: z.record(z.string().max(200), z.string().max(200)).optional(),
  cwd: z.string().max(4096).optional(),
  user: z.string().max(64).optional(),
  profile: Profile.optional(),
  network: z.enum(['none', 'private']).optional(),
  worker: z.string().max(63).optional(),
  platform: Platform.optional(),
  /** Labels the worker must have. */
  labels: Labels.optional(),
  memory: Size.optional(),
  cpus: z.number().positive().optional(),
  timeout: Duration.optional(),
  queueTimeout: Duration.optional(),
  grace: Duration.optional(),
  retries: z.number().int().min(0).max(100).optional(),
  priority: z.number().int().min(-100).max(100).optional(),
  ifLost: IfLost.optional(),
  idempotent: z.boolean().optional(),
  copies: FanOut.shape.copies,
  each: FanOut.shape.each,
  matrix: FanOut.shape.matrix,
  parallel: FanOut.shape.parallel,
  failurePolicy: Policy.optional(),
  failFast: FanOut.shape.failFast,
  gather: FanOut.shape.gather,
  /** Runs of the role that go on at one time, whatever number of children each has (R24). Default 1. */
  maxConcurrency: z.number().int().min(1).max(1_000).optional(),
  overlap: Overlap.optional(),
  triggers: Triggers.optional(),
  /** Folders that all runs of the role share: `role/<name>` in the workspace of each job. */
  folders: FolderNames.optional(),
  /** How long `private` of each job is kept on the server behind its end. Absent: not at all. */
  keepPrivate: Duration.optional(),
  /** What a job deletes in a folder is deleted for all. Default: it stays. */
  mirror: z.boolean().optional(),
  /** All its jobs run on one worker and share a directory while they run: `BOXYARD_LIVE_DIR`. */
  sameWorker: z.boolean().optional(),
});
export type RoleDocument = z.infer<typeof RoleDocument>;

/** A cluster as a file has it. What is not in it is not there: applying it again removes roles that left it. */
export const ClusterDocument = z.strictObject({
  name: Name,
  prompt: Text.optional(),
  /** Default true. */
  enabled: z.boolean().optional(),
  /** Folders that all its roles share: `shared/<name>` in the workspace of each job. */
  folders: FolderNames.optional(),
  roles: z.array(RoleDocument).max(100),
});
export type ClusterDocument = z.infer<typeof ClusterDocument>;

/** As a file has it: `build` names a directory beside the file, which the CLI sends. */
const RoleFile = RoleDocument.extend({build: z.union([z.string().min(1), BuildOf.extend({context: z.string().min(1)})]).optional()});
export const ClusterFile = ClusterDocument.extend({roles: z.array(RoleFile).max(100)});
export type RoleFile = z.infer<typeof RoleFile>;
export type ClusterFile = z.infer<typeof ClusterFile>;

export const RoleView = z.object({
  id: z.string(),
  ...RoleDocument.shape,
  /** Runs that go on, and that wait for one of them to end. */
  running: z.number().int(),
  queued: z.number().int(),
  /** When a schedule starts the next one. */
  next: z.string().optional(),
});
export type RoleView = z.infer<typeof RoleView>;
export const ClusterView = z.object({
  id: z.string(),
  name: Name,
  tenant: z.string(),
  prompt: z.string().optional(),
  enabled: z.boolean(),
  folders: FolderNames.optional(),
  roles: z.array(RoleView),
  actor: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  v: z.number().int(),
});
export type ClusterView = z.infer<typeof ClusterView>;

/** One value that applying a document changes; `path` as in `roles.builder.copies`. Absent: it was, or will be, not there. */
export const ClusterChange = z.object({path: z.string(), from: z.unknown().optional(), to: z.unknown().optional()});
export type ClusterChange = z.infer<typeof ClusterChange>;
export const ApplyRequest = z.strictObject({document: ClusterDocument, dryRun: z.boolean().optional()});
/** No change: the cluster is as the document wants it. With `dryRun` nothing was changed, and `cluster` is what is there, if it is. */
export const ApplyView = z.object({cluster: ClusterView.optional(), changes: z.array(ClusterChange)});
export type ApplyView = z.infer<typeof ApplyView>;

export const UpdateClusterRequest = z.strictObject({
  name: Name.optional(),
  prompt: Text.optional(),
  enabled: z.boolean().optional(),
  folders: FolderNames.optional(),
});
/** `inputs` are handed in as BOXYARD_INPUT_NAME. */
export const RunRoleRequest = z.strictObject({
  prompt: Text.optional(),
  inputs: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'expected letters, digits and _'), z.string().max(65_536)).optional(),
});
export type RunRoleRequest = z.infer<typeof RunRoleRequest>;
/** Absent: every role. Runs that wait are dropped too. */
export const StopClusterRequest = z.strictObject({role: z.string().max(63).optional()});
export const StoppedView = z.object({jobs: z.array(z.string())});
/** Any JSON object; `prompt` is the run's prompt, all else is handed in as BOXYARD_WEBHOOK_PAYLOAD. */
export const TriggerRequest = z.object({prompt: Text.optional()}).catchall(z.unknown());
export type TriggerRequest = z.infer<typeof TriggerRequest>;
/** Where callers outside start a role, and by how many secrets they may sign for it; without any, tokens alone are taken. */
export const RoleWebhookView = z.object({
  path: z.string(),
  secrets: z.array(z.object({createdAt: z.string(), expiresAt: z.string().optional()})),
});
export type RoleWebhookView = z.infer<typeof RoleWebhookView>;
/** `secret` is shown this once. */
export const RotatedRoleWebhookView = RoleWebhookView.extend({secret: z.string()});
export type RotatedRoleWebhookView = z.infer<typeof RotatedRoleWebhookView>;
export const TriggeredView = z.object({ok: z.literal(true), job: z.string()});
