import {z} from 'zod';
import {DisplaySize} from './display.ts';
import {Box, Command, Live, SecretRef, Source} from './job-spec.ts';
import {Bytes, Labels, Millis} from './values.ts';

/**
 * A box to create: `Box` plus the name and labels that make it findable, and which secrets to ask for at start. With `live` its programs
 * find in `BOXYARD_LIVE_DIR` the directory of that key, or the job fails.
 */
export const BoxToCreate = z.object({
  ...Box.shape,
  name: z.string().regex(/^[a-z0-9-]{1,63}$/),
  labels: Labels,
  live: Live.optional(),
});
export type BoxToCreate = z.infer<typeof BoxToCreate>;

/** Names of secrets whose values the output must not show, although the command is not given them. */
const masks = z.array(z.string()).optional();

/**
 * What an agent does for a job, in order. Each finished step is journalled, and after a restart the agent goes on behind it,
 * so every step is idempotent by its names. The list is closed: an unknown `do` is answered with `UNSUPPORTED`.
 */
export const Step = z.discriminatedUnion('do', [
  /** Skips the pull if the image is there, unless `always`. `login` names a secret `user:password`. */
  z.object({do: z.literal('image.pull'), ref: z.string(), always: z.boolean().default(false), login: z.string().optional()}),
  /** With `ifMissing` it does nothing where an image of that name is. */
  z.object({
    do: z.literal('image.build'),
    ref: z.string(),
    ifMissing: z.boolean().optional(),
    file: z.string(),
    args: Labels,
    target: z.string().optional(),
    cache: z.boolean(),
    limits: z.object({memoryBytes: Bytes.optional(), cpus: z.number().positive().optional()}).optional(),
    labels: Labels,
    context: z.object({blob: z.string(), bytes: z.number()}),
  }),
  z.object({do: z.literal('image.delete'), ref: z.string()}),
  z.object({do: z.literal('image.snapshot'), box: z.string(), ref: z.string(), labels: Labels}),
  z.object({do: z.literal('container.create'), spec: BoxToCreate, secrets: z.array(SecretRef)}),
  /** Before start: puts `source` (dir) into /workspace. After start: clones `source` (repo), writes `task`, runs `commands` in order. */
  z.object({
    do: z.literal('container.setup'),
    box: z.string(),
    source: Source.optional(),
    task: z.string().optional(),
    commands: z.array(z.string()).default([]),
  }),
  z.object({do: z.literal('container.start'), box: z.string(), stdin: z.boolean().default(false)}),
  /** The main process's end is the job's exit. */
  z.object({do: z.literal('container.wait'), box: z.string()}),
  /** The command's end is the job's exit. */
  z.object({do: z.literal('container.exec'), box: z.string(), command: Command, secrets: z.array(SecretRef), masks}),
  /** The same for a command that nobody waits for; `job.cancel` kills it, `container.exec.background.capture` reads its output. */
  z.object({do: z.literal('container.exec.background'), box: z.string(), command: Command, secrets: z.array(SecretRef), masks}),
  /**
   * Makes the screen of `box` watchable by the display plugin of that name, until it ends by itself, the job is cancelled, or
   * nobody has looked for `idleMs`. After a restart of the agent the same screen is opened again.
   */
  z.object({do: z.literal('display.open'), box: z.string(), display: z.string().max(63), ...DisplaySize, idleMs: Millis}),
  /** Brings `paths` (relative to /workspace) back as one tar, stored as the job's `out`. */
  z.object({do: z.literal('container.collect'), box: z.string(), paths: z.array(z.string())}),
  /** Puts the folders of the job's cluster, as they are when the attempt first asks, into /workspace. */
  z.object({do: z.literal('folders.fetch'), box: z.string()}),
  /**
   * Sends what changed in the folders `at` (relative to /workspace) since then, by hash; with `mirror` also what is gone. More than
   * `limits` fails the job.
   */
  z.object({
    do: z.literal('folders.store'),
    box: z.string(),
    at: z.array(z.string()),
    mirror: z.boolean().default(false),
    limits: z.object({fileBytes: Bytes, folderBytes: Bytes, files: z.number().int()}),
  }),
  z.object({do: z.literal('container.stop'), box: z.string(), graceMs: z.number()}),
  z.object({do: z.literal('container.remove'), box: z.string()}),
]);
export type Step = z.infer<typeof Step>;
