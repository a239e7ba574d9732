import {z} from 'zod';
import {Attempt, JobId} from './values.ts';

const stream = z.number().int().nonnegative();

/** Pixels of one side of a screen. */
export const Pixels = z.number().int().min(16).max(7_680);

/** A display as it is asked for. */
export const DisplaySize = {width: Pixels, height: Pixels};

/**
 * One viewer of the screen of a display job. The server opens it, under a stream number of its own; the agent answers
 * `display.opened`, or `stream.end` with the reason. From then on it is as `port.open`: RFB 3.8 without a password goes both
 * ways. The server has taken out what this viewer may not do. A `glance` is not counted among those who look.
 */
export const displayFromServer = {
  'display.view': z.object({type: z.literal('display.view'), stream, job: JobId, attempt: Attempt, glance: z.boolean().optional()}),
} as const;

export const displayFromAgent = {
  'display.opened': z.object({type: z.literal('display.opened'), stream}),
} as const;
