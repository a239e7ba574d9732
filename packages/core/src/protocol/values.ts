import {z} from 'zod';

/** Ids are a letter, a dash and 26 base32 characters (130 random bits): never a permission, always a name. */
const id = (letter: string) => z.string().regex(new RegExp(`^${letter}-[a-z2-7]{26}$`));
export const JobId = id('j');
export const DevBoxId = id('d');
export const WorkerId = id('w');
export const TenantId = id('t');
export type JobId = z.infer<typeof JobId>;
export type DevBoxId = z.infer<typeof DevBoxId>;
export type WorkerId = z.infer<typeof WorkerId>;
export type TenantId = z.infer<typeof TenantId>;

/** Names people choose: DevBoxes, workers, execs, secrets' prefixes. */
export const Name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, dot, dash, underscore; 1 to 63');

/** Milliseconds since 1970 by the server's Redis, unless a field says otherwise. */
export const Millis = z.number().int().nonnegative();
export const Bytes = z.number().int().nonnegative();

/** Cells of a terminal. */
export const TerminalSize = z.object({columns: z.number().int().min(1).max(1_000), rows: z.number().int().min(1).max(1_000)});
export type TerminalSize = z.infer<typeof TerminalSize>;

/** An attempt is compared by number; the random id tells two attempts of the same number apart after Redis rolled back (R3). */
export const Attempt = z.object({number: z.number().int().positive(), id: z.string().regex(/^[0-9a-f]{32}$/)});
export type Attempt = z.infer<typeof Attempt>;

export const Labels = z.record(z.string().max(256), z.string().max(4096));
export type Labels = z.infer<typeof Labels>;

/** `unknown`: an end nobody saw. It is never shown as code 0. */
export const Exit = z.union([
  z.object({code: z.number().int(), outOfMemory: z.literal(true).optional(), signal: z.string().optional()}),
  z.object({unknown: z.string()}),
]);
export type Exit = z.infer<typeof Exit>;

export const WireError = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

export const Restriction = z.enum(['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges']);
export type Restriction = z.infer<typeof Restriction>;

/** In order of strictness; see security/rules. */
export const Profile = z.enum(['open', 'standard', 'strict', 'offline']);
export type Profile = z.infer<typeof Profile>;

export const Platform = z.enum(['linux', 'darwin', 'windows']);
export type Platform = z.infer<typeof Platform>;

/** What a worker must have. `enforces` is what the profile asks of the engine; `slots` is 0 for DevBoxes, execs and mutations. */
export const Needs = z.object({
  engine: z.string().optional(),
  worker: WorkerId.optional(),
  platform: Platform.optional(),
  features: z.array(z.string()).default([]),
  enforces: z.array(Restriction).default([]),
  labels: Labels.default({}),
  memoryBytes: Bytes.default(0),
  slots: z.number().int().min(0).max(1).default(0),
  profile: Profile.default('standard'),
});
export type Needs = z.infer<typeof Needs>;

/** The streams a job writes; `log` is what Boxyard says about it: pull, build and setup progress. */
export const OutputName = z.enum(['stdout', 'stderr', 'log']);
export type OutputName = z.infer<typeof OutputName>;

/** Lengths in bytes of what the job wrote, gaps included. */
export const LogEnd = z.object({stdout: Bytes, stderr: Bytes, log: Bytes});
export type LogEnd = z.infer<typeof LogEnd>;

/** Bytes `from` to `to` (exclusive) of a stream are not to be had. `engine-log`: they are there, but read back from the engine's log. */
export const Gap = z.object({stream: OutputName, from: Bytes, to: Bytes, reason: z.enum(['cap', 'disk-full', 'spool-lost', 'engine-log'])});
export type Gap = z.infer<typeof Gap>;

/** A part of an attempt with its times; `pull`, `create`, `setup`, `start`, `run`, `collect` and what engines add. */
export const Phase = z.object({name: z.string(), startedAt: Millis, endedAt: Millis.optional(), detail: z.string().optional()});
export type Phase = z.infer<typeof Phase>;
