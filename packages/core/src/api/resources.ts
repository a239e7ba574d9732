import {z} from 'zod';
import {BoxSeen, DisplayReport, EngineReport, Heartbeat, Labels, Name, Profile} from '../protocol/index.ts';

export const DevBoxState = z.enum(['creating', 'setting-up', 'running', 'stopped', 'removing', 'failed', 'unknown', 'orphaned']);
export type DevBoxState = z.infer<typeof DevBoxState>;

export const DevBoxView = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  state: DevBoxState,
  /** Why it is in this state: who or what stopped it, what failed, since when its worker is away. */
  reason: z.string().optional(),
  worker: z.object({id: z.string(), name: z.string()}).optional(),
  engine: z.string().optional(),
  image: z.string().optional(),
  branch: z.string().optional(),
  /** The first line of what it is for. */
  task: z.string().optional(),
  profile: Profile,
  egress: z.enum(['unrestricted', 'none']).optional(),
  capabilities: z.array(z.string()),
  memoryBytes: z.number(),
  /** The job now at work on it, and those that wait behind it. */
  job: z.string().optional(),
  waiting: z.array(z.string()),
  removesAt: z.string().optional(),
  /** The engine's name of it on the worker. */
  box: z.string().optional(),
  seenAt: z.string().optional(),
  generation: z.number().int(),
  actor: z.string(),
  createdAt: z.string(),
  v: z.number().int(),
});
export type DevBoxView = z.infer<typeof DevBoxView>;

/** One look. `cpuPercent`: 100 is one processor's whole time since the look before; the limit is there where the engine enforces it. */
export const DevBoxStatsView = z.object({
  cpuPercent: z.number(),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number().optional(),
  pids: z.number().int().optional(),
  at: z.string(),
});
export type DevBoxStatsView = z.infer<typeof DevBoxStatsView>;

export const RemoveRequest = z.strictObject({now: z.boolean().optional(), forget: z.boolean().optional()});
export const AdoptRequest = z.strictObject({worker: z.string(), box: z.string(), name: Name});

export const Presence = z.enum(['online', 'offline', 'asleep', 'lost', 'never']);

export const WorkerView = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  presence: Presence,
  status: z.enum(['ready', 'cordoned', 'draining', 'offline', 'asleep', 'lost', 'quarantined', 'never']),
  statusReason: z.string().optional(),
  hostname: z.string().optional(),
  platform: z.string().optional(),
  arch: z.string().optional(),
  cpuCount: z.number().optional(),
  memoryTotal: z.number().optional(),
  agentVersion: z.string().optional(),
  mode: z.string().optional(),
  engines: z.array(EngineReport),
  displays: z.array(DisplayReport).optional(),
  labels: Labels,
  floor: Profile.optional(),
  slots: z.object({total: z.number(), free: z.number()}),
  memory: z.object({total: z.number(), free: z.number()}),
  devboxes: z.number().int(),
  jobs: z.number().int(),
  heartbeat: Heartbeat.omit({type: true}).optional(),
  lastHeartbeatAt: z.string().optional(),
  connectedAt: z.string().optional(),
  clockSkewMs: z.number().optional(),
  /** When another agent was last refused that came with its credential while it was connected, and whether from another machine. */
  duplicate: z.object({at: z.string(), isOtherMachine: z.boolean()}).optional(),
  /** Boxes with our labels and without a record, offered for `devboxes adopt`. */
  orphans: z.array(BoxSeen.extend({engine: z.string()})),
  createdAt: z.string(),
  v: z.number().int(),
});
export type WorkerView = z.infer<typeof WorkerView>;

export const LabelRequest = z.strictObject({set: Labels.optional(), unset: z.array(z.string()).optional()});

export const InvitationRequest = z.strictObject({
  name: Name.optional(),
  labels: Labels.optional(),
  expiresInMs: z
    .number()
    .int()
    .positive()
    .max(30 * 86_400_000)
    .optional(),
});
/** `line` is shown this once. */
export const InvitationView = z.object({
  id: z.string(),
  line: z.string().optional(),
  addresses: z.array(z.string()),
  createdAt: z.string(),
  expiresAt: z.string(),
  usedBy: z.string().optional(),
  usedAt: z.string().optional(),
  actor: z.string(),
});
export type InvitationView = z.infer<typeof InvitationView>;

/** `POST /v1/invitations/redeem`, the one route without a token. `machine` is a random key the machine keeps; redeeming again with it is idempotent until expiry. */
export const RedeemRequest = z.strictObject({
  secret: z.string().max(128),
  machine: z.string().min(16).max(128),
  name: z.string().max(63),
  hostname: z.string().max(253).optional(),
});
export const RedeemView = z.object({
  worker: z.string(),
  name: z.string(),
  tenant: z.string(),
  tenantName: z.string(),
  credential: z.string(),
  installation: z.string(),
});

export const Access = z.enum(['owner', 'admin', 'member', 'viewer']);
export type Access = z.infer<typeof Access>;
const TEN_YEARS = 10 * 365 * 86_400_000;
export const TokenRequest = z.strictObject({
  name: Name,
  access: Access,
  expiresInMs: z.number().int().positive().max(TEN_YEARS).optional(),
});
/** `token` is shown this once, as a `bxt_…` line. */
export const TokenView = z.object({
  id: z.string(),
  name: z.string(),
  access: Access,
  token: z.string().optional(),
  actor: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  lastUsedAt: z.string().optional(),
});
export type TokenView = z.infer<typeof TokenView>;

export const SecretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$/);
export const SetSecretRequest = z.strictObject({value: z.string().min(1).max(65_536)});
export const SecretView = z.object({name: z.string(), actor: z.string(), updatedAt: z.string()});

export const Plan = z.enum(['starter', 'pro', 'enterprise']);
/** -1 means unlimited. */
/** `sessions` are live ones: programs at a terminal that have not ended. A record from before they were counted has none: no limit. */
export const TenantLimits = z.object({
  workers: z.number().int(),
  devboxes: z.number().int(),
  sessions: z.number().int().default(-1),
  historyDays: z.number().int(),
  /** Bytes in the folders of all its clusters. */
  folderBytes: z.number().int().default(-1),
});
export const TenantView = z.object({
  id: z.string(),
  name: z.string(),
  plan: Plan,
  limits: TenantLimits,
  used: z.object({workers: z.number().int(), devboxes: z.number().int(), sessions: z.number().int()}),
  minimumProfile: Profile,
  defaultProfile: Profile,
  createdAt: z.string(),
});
export type TenantView = z.infer<typeof TenantView>;
export const CreateTenantRequest = z.strictObject({name: Name, plan: Plan.optional()});
/** The first owner token of a new tenant is shown this once. */
export const CreatedTenantView = z.object({tenant: TenantView, token: TokenView});
export type CreatedTenantView = z.infer<typeof CreatedTenantView>;
/** Absent `worker`: every worker that holds a credential of this installation and knocked since Redis lost it (R14). */
export const ReadmitRequest = z.strictObject({worker: z.string().max(63).optional()});
export const ReadmittedView = z.object({worker: z.string(), name: z.string()});
export const SwitchRequest = z.strictObject({on: z.boolean()});
export const SetTenantRequest = z.strictObject({
  name: Name.optional(),
  /** Its limits take the place of all that were set; those in the same request are set apart from it. */
  plan: Plan.optional(),
  limits: z
    .strictObject({
      workers: z.number().int().min(-1).optional(),
      devboxes: z.number().int().min(-1).optional(),
      sessions: z.number().int().min(-1).optional(),
      historyDays: z.number().int().min(1).optional(),
    })
    .optional(),
  minimumProfile: Profile.optional(),
  defaultProfile: Profile.optional(),
});

export const ImageView = z.object({
  id: z.string(),
  refs: z.array(z.string()),
  bytes: z.number(),
  createdAt: z.string(),
  platform: z.string(),
  capabilities: z.array(z.string()),
  managed: z.boolean(),
  worker: z.object({id: z.string(), name: z.string()}),
  engine: z.string(),
});
export type ImageView = z.infer<typeof ImageView>;
export const ImageCheckView = z.object({
  ref: z.string(),
  workers: z.array(
    z.object({
      worker: z.string(),
      name: z.string(),
      engine: z.string(),
      found: z.boolean(),
      id: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
});

export const WhoAmI = z.object({
  actor: z.string(),
  access: Access,
  token: z.string(),
  tenant: z.object({id: z.string(), name: z.string()}),
  server: z.object({version: z.string(), installation: z.string()}),
});
export const Health = z.object({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  installation: z.string(),
  redis: z.enum(['ok', 'away']),
  /** What is wrong where the status is `degraded`. */
  why: z.string().optional(),
  workers: z.number().int().optional(),
});

/** A fact: one CloudEvents 1.0 document. `seq` is `<incarnation>.<n>`, compared as two numbers. */
export const EventView = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  time: z.string(),
  tenant: z.string(),
  actor: z.string(),
  seq: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type EventView = z.infer<typeof EventView>;
/** A live figure of an object, latest value only, without id. */
export const Gauge = z.object({object: z.string(), values: z.record(z.string(), z.unknown())});

export const page = <T extends z.ZodType>(item: T) =>
  z.object({items: z.array(item), nextCursor: z.string().optional(), schemaVersion: z.literal(1)});
export const ErrorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});
