import {z} from 'zod';
import {Millis, TerminalSize} from './values.ts';

/**
 * What a session is doing. `asks`: it rang, or notified with the text `saying`, and nobody has typed since; `quiet`: no
 * output for 10 s. Times are the worker's, in milliseconds since 1970.
 */
export const Attention = z.object({
  is: z.enum(['busy', 'quiet', 'asks', 'ended']),
  since: Millis,
  outputAt: Millis,
  saying: z.string().max(1_000).optional(),
});
export type Attention = z.infer<typeof Attention>;

/** As it was told last. `title` and `lastLine` are the program's words. */
export const SessionState = z.object({
  attention: Attention,
  title: z.string().max(400),
  lastLine: z.string().max(400),
  size: TerminalSize,
  viewers: z.number().int().nonnegative(),
  /** Where its program was when its engine was killed with it. */
  directory: z.string().optional(),
});
export type SessionState = z.infer<typeof SessionState>;
