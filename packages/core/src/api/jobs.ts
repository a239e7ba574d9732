import {z} from 'zod';
import {
  Attempt,
  Exit,
  FanOut,
  Gap,
  IfLost,
  JobId,
  JobSpec,
  Labels,
  Limits,
  LogEnd,
  Millis,
  Name,
  OutputName,
  Phase,
  Platform,
  Profile,
  SecretRef,
  SessionState,
  TerminalSize,
  WireError,
  WorkerId,
} from '../protocol/index.ts';
import {Conflict, Origin} from './origin.ts';
import {Progress} from './reported.ts';

const EngineName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected the name of an engine');

/** What a request may say of how a job is treated; everything else is a default of the server. */
const policy = {
  name: Name.optional(),
  labels: Labels.optional(),
  engine: EngineName.optional(),
  /** Id or name of a worker. */
  worker: z.string().max(63).optional(),
  platform: Platform.optional(),
  /** Labels the worker must have. */
  workerLabels: Labels.optional(),
  profile: Profile.optional(),
  secrets: z.array(SecretRef).max(200).optional(),
  /** Values for this job alone, kept encrypted until its outcome (`--env-file`). */
  secretEnv: Labels.optional(),
  memoryBytes: z.number().int().positive().optional(),
  timeoutMs: z.number().int().positive().optional(),
  queueTimeoutMs: z.number().int().positive().optional(),
  graceMs: z.number().int().nonnegative().max(3_600_000).optional(),
  retries: z.number().int().min(0).max(100).optional(),
  priority: z.number().int().min(-100).max(100).optional(),
  ifLost: IfLost.optional(),
  idempotent: z.boolean().optional(),
};

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('repo'),
    url: z.string().max(2048),
    branch: z.string().max(255).optional(),
    depth: z.number().int().positive().optional(),
    secret: z.string().max(200).optional(),
  }),
  z.strictObject({kind: z.literal('dir'), blob: z.string().max(64), bytes: z.number().int().nonnegative()}),
]);

const box = {
  image: z.string().max(255).optional(),
  env: Labels.optional(),
  cwd: z.string().max(4096).optional(),
  user: z.string().max(64).optional(),
  limits: Limits.optional(),
  network: z.enum(['none', 'private', 'host']).optional(),
};

/** A terminal for the command: its first size, and how long it goes on while nobody looks. */
const tty = z.strictObject({
  ...TerminalSize.shape,
  detachedMs: z
    .number()
    .int()
    .min(1_000)
    .max(30 * 86_400_000)
    .optional(),
});

const argv = z.array(z.string().max(131_072)).min(1).max(4096);

/**
 * An image that is built on the worker a job is sent to, unless it is there already. `context` is a tar: what `POST /v1/uploads`
 * answered, or `sha256:<hex>` of one that a role names already.
 */
export const BuildOf = z.strictObject({
  context: z
    .string()
    .regex(/^(?:u-[a-z2-7]{26}|sha256:[0-9a-f]{64})$/, 'expected the id of an upload, or sha256:… of what is here already'),
  /** Path inside the context; absent: Containerfile. */
  file: z.string().min(1).max(1024).optional(),
  args: Labels.optional(),
  target: z.string().max(255).optional(),
});
export type BuildOf = z.infer<typeof BuildOf>;

export const RunRequest = z.strictObject({
  ...policy,
  ...box,
  /** In the place of `image`. */
  build: BuildOf.optional(),
  /** Absent: the image's own command. */
  command: argv.optional(),
  stdin: z.boolean().optional(),
  tty: tty.optional(),
  source: source.optional(),
  out: z.array(z.string().max(4096)).max(100).optional(),
  fanOut: z.strictObject(FanOut.shape).optional(),
  /** It is given `boxyard-report` and a secret of its own to tell how far it is with; children and runs of roles always are. */
  report: z.boolean().optional(),
});
export type RunRequest = z.infer<typeof RunRequest>;

export const ExecRequest = z.strictObject({
  name: policy.name,
  secrets: policy.secrets,
  secretEnv: policy.secretEnv,
  timeoutMs: policy.timeoutMs,
  graceMs: policy.graceMs,
  command: argv,
  env: Labels.optional(),
  cwd: z.string().max(4096).optional(),
  user: z.string().max(64).optional(),
  stdin: z.boolean().optional(),
  tty: tty.optional(),
  /** Goes on until it ends or is cancelled: no deadline, and its worker may be away for as long as it likes. */
  background: z.boolean().optional(),
});
export type ExecRequest = z.infer<typeof ExecRequest>;

export const CreateDevBoxRequest = z.strictObject({
  ...policy,
  ...box,
  name: Name,
  source: source.optional(),
  setup: z.array(z.string().max(65_536)).max(100).optional(),
  task: z.string().max(200_000).optional(),
});
export type CreateDevBoxRequest = z.infer<typeof CreateDevBoxRequest>;

export const SnapshotRequest = z.strictObject({
  name: z.string().max(64),
  tag: z.string().max(63).optional(),
  capabilities: z.array(z.string().max(40)).max(10).optional(),
});

export const PullRequest = z.strictObject({
  ref: z.string().max(255),
  worker: z.string().max(63).optional(),
  engine: EngineName.optional(),
});
export const RemoveImageRequest = PullRequest;
export const BuildRequest = z.strictObject({
  ref: z.string().max(255),
  file: z.string().max(1024).optional(),
  args: Labels.optional(),
  target: z.string().max(255).optional(),
  cache: z.boolean().optional(),
  capabilities: z.array(z.string().max(40)).max(10).optional(),
  context: z.strictObject({blob: z.string().max(64), bytes: z.number().int().nonnegative()}),
  worker: z.string().max(63).optional(),
  engine: EngineName.optional(),
});

/** Why one worker did not take a waiting job, and what would help. */
export const Refusal = z.object({worker: z.string(), name: z.string(), code: z.string(), why: z.string(), hint: z.string().optional()});
export type Refusal = z.infer<typeof Refusal>;

/** Why a job is where it is: `waiting`, `back-off`, `devbox_busy`, `agent_lost`, `deadline`, `queue_timeout`, `poison`, … */
export const Reason = z.object({code: z.string(), message: z.string(), hint: z.string().optional(), until: Millis.optional()});
export type Reason = z.infer<typeof Reason>;

export const JobState = z.enum(['queued', 'sent', 'running', 'ended']);
export const Outcome = z.enum(['succeeded', 'failed', 'cancelled', 'lost']);
export const Totals = z.object({
  total: z.number().int(),
  queued: z.number().int(),
  running: z.number().int(),
  succeeded: z.number().int(),
  failed: z.number().int(),
  cancelled: z.number().int(),
  lost: z.number().int(),
});
export type Totals = z.infer<typeof Totals>;

const PhaseView = z.object({...Phase.shape, startedAt: z.string(), endedAt: z.string().optional()});

/** A job as a client sees it. Times are the server's, RFC 3339 UTC. `v` rises with every change. */
export const JobView = z.object({
  id: JobId,
  kind: z.string(),
  name: z.string().optional(),
  tenant: z.string(),
  state: JobState,
  outcome: Outcome.optional(),
  /** `server`: decided without the worker's word, and may be corrected once by it (R10). */
  source: z.enum(['worker', 'server']).optional(),
  partial: z.literal(true).optional(),
  reason: Reason.optional(),
  refusals: z.array(Refusal).optional(),
  worker: z.object({id: WorkerId, name: z.string()}).optional(),
  engine: z.string().optional(),
  attempt: Attempt,
  exit: Exit.optional(),
  error: WireError.optional(),
  cancelRequested: z.object({at: z.string(), actor: z.string(), confirmed: z.boolean()}).optional(),
  phases: z.array(PhaseView),
  logEnd: LogEnd.optional(),
  have: LogEnd.optional(),
  /** Absent where nobody looked at what is stored, as in lists. */
  logsComplete: z.boolean().optional(),
  gaps: z.array(Gap).optional(),
  out: z.object({bytes: z.number()}).optional(),
  /** What it last said of how far it is, while it runs. */
  progress: Progress.optional(),
  /** What it reported as its result, or what was gathered of its children's; absent in lists and where it is larger than 64 KiB. */
  result: z.unknown().optional(),
  resultBytes: z.number().int().optional(),
  image: z.object({id: z.string(), ref: z.string()}).optional(),
  /** Of a command at a terminal. */
  session: SessionState.optional(),
  devbox: z.object({id: z.string(), name: z.string()}).optional(),
  parent: JobId.optional(),
  /** It gathers what became of its parent's children. */
  gathers: z.literal(true).optional(),
  /** Of a job with children: the job that gathers their results. */
  gatherJob: JobId.optional(),
  origin: Origin.optional(),
  conflicts: z.array(Conflict).optional(),
  children: Totals.optional(),
  /** `unrestricted` until an egress gateway exists (R5). */
  egress: z.enum(['unrestricted', 'none']).optional(),
  actor: z.string(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  spec: JobSpec,
  v: z.number().int(),
});
export type JobView = z.infer<typeof JobView>;

export const JobsQuery = z.object({
  state: JobState.optional(),
  outcome: Outcome.optional(),
  kind: z.string().optional(),
  devbox: z.string().optional(),
  worker: z.string().optional(),
  parent: z.string().optional(),
  /** Id of a role: its runs. */
  role: z.string().max(63).optional(),
  /** `true`: commands at a terminal alone. */
  session: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).optional(),
});

export const CancelRequest = z.strictObject({
  reason: z
    .string()
    .max(200)
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'expected no control characters')
    .optional(),
});
/** `failed`: of a job with children, only those that did not succeed run again, under their old numbers. */
export const RetryRequest = z.strictObject({failed: z.boolean().optional()});
export const StopRequest = z.strictObject({graceMs: z.number().int().nonnegative().max(3_600_000).optional()});
export const UploadView = z.object({blob: z.string(), bytes: z.number().int()});
export const ImageCheckQuery = z.object({ref: z.string().max(255)});
const Offset = z.coerce.number().int().nonnegative();
/** `stdin=true`: this client feeds stdin (needs `run`); going away before `stdin.eof` ends the job after a grace. */
export const AttachQuery = z.object({
  stdout: Offset.optional(),
  stderr: Offset.optional(),
  log: Offset.optional(),
  /** The attempt the offsets count in. Absent: the present one. */
  attempt: z.coerce.number().int().positive().optional(),
  stdin: z.enum(['true', 'false']).default('false'),
});
export type AttachQuery = z.infer<typeof AttachQuery>;

/** `GET /v1/jobs/:id/logs`: the body is the bytes; with `follow` it ends when the job has and every byte was sent. */
export const LogsQuery = z.object({
  stream: OutputName.default('stdout'),
  from: z.coerce.number().int().nonnegative().default(0),
  follow: z.enum(['true', 'false']).default('false'),
  attempt: z.coerce.number().int().positive().optional(),
});

export const LogTimesQuery = LogsQuery.pick({stream: true, attempt: true});
/**
 * The byte at a mark's `offset` came to the server at `at` (ms since 1970), those behind it, up to the next mark, within a second of
 * it. A worker that was away sends later what its jobs wrote meanwhile. `length`: how many bytes there were.
 */
export const LogTimesView = z.object({marks: z.array(z.object({offset: z.number(), at: z.number()})), length: z.number()});
