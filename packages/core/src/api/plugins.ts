import {z} from 'zod';

/** One plugin where it runs: an engine or a display of a worker, a reporter of the server. */
export const PluginView = z.object({
  /** What it calls itself; of one that was not loaded, what the config calls it. */
  name: z.string(),
  kind: z.enum(['engine', 'display', 'reporter']),
  /** `server`, or the name of the worker. */
  where: z.string(),
  state: z.enum(['usable', 'unusable', 'not-loaded']),
  /** Why it is not usable, and the command that mends it. */
  why: z.string().optional(),
  fix: z.string().optional(),
  /** As the config names it; absent: it came with Boxyard. */
  module: z.string().optional(),
  version: z.string().optional(),
  /** Of the files that were found. */
  integrity: z.string().optional(),
  /** The config names an integrity: anything else is refused. */
  isPinned: z.boolean(),
  /** Of an engine: what it runs containers with. */
  backend: z.string().optional(),
  features: z.array(z.string()),
  enforces: z.array(z.string()),
  /** What it did wrong last, whenever that was. */
  lastError: z.object({message: z.string(), at: z.string()}).optional(),
});
export type PluginView = z.infer<typeof PluginView>;
