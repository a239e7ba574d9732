import {z} from 'zod';
import {DisplaySize} from './display.ts';
import {Copy, FanOut} from './fan-out.ts';
import {Bytes, DevBoxId, Labels, Millis, Name, Needs, Profile, TerminalSize} from './values.ts';

/** Names a secret of the tenant; `as` is an environment variable, or a file name under /run/boxyard/secrets. The value is nowhere here. */
export const SecretRef = z.object({secret: z.string().max(200), as: z.string().max(200), kind: z.enum(['env', 'file']).default('env')});
export type SecretRef = z.infer<typeof SecretRef>;

/** Under this name an attempt asks for the secret it may report with; no secret of a tenant is called so. */
export const REPORT_SECRET = '~report';

export const Limits = z.object({
  memoryBytes: Bytes.optional(),
  cpus: z.number().positive().optional(),
  pids: z.number().int().positive().optional(),
});

/**
 * A directory that jobs on one worker share while they run. The server makes the key of ids and nothing a tenant names, so that no two
 * tenants have one of the same; the agent alone makes a place of it.
 */
export const Live = z.object({key: z.string().regex(/^[0-9a-f]{64}$/)});

export const Mount = z.object({kind: z.literal('tmpfs'), target: z.string(), bytes: Bytes, readOnly: z.boolean().default(false)});

/** The part of a spec the engine gets, beside name, labels and resolved secrets (plugin-api `BoxSpec`, same field names). */
export const Box = z.object({
  image: z.string().max(255).optional(),
  main: z.union([z.array(z.string()).min(1), z.literal('hold')]).optional(),
  env: Labels.default({}),
  cwd: z.string().startsWith('/').optional(),
  user: z.string().max(64).optional(),
  stdin: z.boolean().default(false),
  limits: Limits.default({}),
  mounts: z.array(Mount).default([]),
  network: z.enum(['none', 'private', 'host']).optional(),
  privileges: z.enum(['least', 'usual', 'all']).optional(),
  readOnlyRoot: z.boolean().default(false),
});
export type Box = z.infer<typeof Box>;

/** What lies in /workspace before the command runs. `dir` is a tar the client uploaded (a blob's id). */
export const Source = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('repo'),
    url: z.string().max(2048),
    branch: z.string().max(255).optional(),
    depth: z.number().int().positive().optional(),
    secret: z.string().optional(),
  }),
  z.object({kind: z.literal('dir'), blob: z.string(), bytes: Bytes}),
]);
export type Source = z.infer<typeof Source>;

/** A terminal of the command's own: its size until somebody looks on, and how long it goes on while nobody does. */
export const Tty = z.object({...TerminalSize.shape, detachedMs: Millis.default(86_400_000)});
export type Tty = z.infer<typeof Tty>;

export const Command = z.object({
  argv: z.array(z.string()).min(1),
  env: Labels.default({}),
  cwd: z.string().optional(),
  user: z.string().optional(),
  stdin: z.boolean().default(false),
  tty: Tty.optional(),
});
export type Command = z.infer<typeof Command>;

const buildLimits = z.object({memoryBytes: Bytes.optional(), cpus: z.number().positive().optional()});
/** How an image is built; `blob` names the context, a tar. */
const build = {
  file: z.string(),
  args: Labels.default({}),
  target: z.string().optional(),
  limits: buildLimits.default({}),
  imageLabels: Labels.default({}),
  context: z.object({blob: z.string(), bytes: Bytes}),
};

export const IfLost = z.enum(['fail', 'wait', 'retry']);

/** How a job is treated, whatever it does. Times in milliseconds; absent `timeoutMs` means none. `retry` needs `idempotent`. */
const policy = {
  name: Name.optional(),
  labels: Labels.default({}),
  needs: Needs,
  profile: Profile,
  secrets: z.array(SecretRef).default([]),
  timeoutMs: z.number().int().positive().optional(),
  queueTimeoutMs: z.number().int().positive().optional(),
  graceMs: z.number().int().nonnegative().default(10_000),
  retries: z.number().int().min(0).max(100).default(0),
  priority: z.number().int().min(-100).max(100).default(0),
  ifLost: IfLost.default('fail'),
  idempotent: z.boolean().default(false),
};

const onDevBox = {...policy, devbox: DevBoxId, generation: z.number().int().nonnegative(), box: z.string()};

/**
 * What a job does, with every default filled in: the API accepts it in part (api/), the record stores it whole, the agent
 * receives it as steps. In kinds about a DevBox, `box` is the engine's name of it and `generation` fences older commands (R22).
 */
export const JobSpec = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('run'),
    ...policy,
    box: Box,
    /** Of a role whose jobs share one. */
    live: Live.optional(),
    /** What the image of `box` is made of, where its worker does not have it. */
    build: z.object(build).optional(),
    source: Source.optional(),
    out: z.array(z.string()).default([]),
    tty: Tty.optional(),
    fanOut: FanOut.optional(),
    copy: Copy.optional(),
    /** It may tell how far it is and what came of it; children and runs of roles always may. */
    report: z.boolean().optional(),
  }),
  /** `background`: without a deadline, and not lost with its worker. `masks`: secrets of the DevBox, which its output does not show. */
  z.object({
    kind: z.literal('exec'),
    ...onDevBox,
    command: Command,
    background: z.boolean().default(false),
    masks: z.array(z.string()).optional(),
  }),
  z.object({
    kind: z.literal('devbox.create'),
    ...policy,
    devbox: DevBoxId,
    generation: z.number().int().nonnegative(),
    devboxName: Name,
    box: Box,
    source: Source.optional(),
    setup: z.array(z.string()).default([]),
    task: z.string().max(200_000).optional(),
  }),
  /** `display` names the plugin. Closed where nobody has looked for `idleMs`. */
  z.object({kind: z.literal('display'), ...onDevBox, display: Name, ...DisplaySize, idleMs: Millis}),
  z.object({kind: z.literal('devbox.start'), ...onDevBox}),
  z.object({kind: z.literal('devbox.stop'), ...onDevBox}),
  z.object({kind: z.literal('devbox.remove'), ...onDevBox}),
  z.object({kind: z.literal('devbox.snapshot'), ...onDevBox, ref: z.string(), imageLabels: Labels.default({})}),
  z.object({kind: z.literal('image.pull'), ...policy, ref: z.string(), login: z.string().optional()}),
  z.object({kind: z.literal('image.remove'), ...policy, ref: z.string()}),
  z.object({
    kind: z.literal('image.build'),
    ...policy,
    ref: z.string(),
    ...build,
    cache: z.boolean().default(true),
  }),
]);
export type JobSpec = z.infer<typeof JobSpec>;
export type JobKind = JobSpec['kind'];
