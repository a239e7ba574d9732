import {z} from 'zod';

/** The most a job may report as its result, as JSON. A gathered one may be larger: see `jobsResult`. */
export const MOST_RESULT_BYTES = 65_536;
/** How far a job says it is: so much, of so much, and with what. */
export const Progress = z.object({step: z.string(), done: z.number(), total: z.number().optional(), at: z.string()});
export type Progress = z.infer<typeof Progress>;

const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const line = z.string().max(4_096);
/** What a running job tells of itself; all of it or nothing is taken. */
export const ReportRequest = z
  .strictObject({
    progress: z.strictObject({done: amount, total: amount.optional(), text: z.string().max(200).optional()}).optional(),
    /** Lines for its stream `log`. */
    log: z.union([line, z.array(line).max(100)]).optional(),
    /** Any JSON of at most 64 KiB; the last one counts. */
    result: z.unknown().optional(),
  })
  .refine(({progress, log, result}) => progress !== undefined || log !== undefined || result !== undefined, {
    error: 'expected progress, log or result',
  });
export type ReportRequest = z.infer<typeof ReportRequest>;
export const AnyJson = z.union([z.record(z.string(), z.unknown()), z.array(z.unknown()), z.string(), z.number(), z.boolean(), z.null()]);
export type AnyJson = z.infer<typeof AnyJson>;
export const ReportedView = z.object({ok: z.literal(true)});
