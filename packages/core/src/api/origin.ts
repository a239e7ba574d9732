import {z} from 'zod';

/** Which role of which cluster a job is a run of, and what started it. */
export const Origin = z.object({
  cluster: z.object({id: z.string(), name: z.string()}),
  role: z.object({id: z.string(), name: z.string()}),
  trigger: z.object({
    type: z.enum(['manual', 'cron', 'webhook', 'file_watch']),
    /** Of a webhook: the caller brought a signature, no token. */
    signed: z.boolean().optional(),
    schedule: z.string().optional(),
    at: z.string().optional(),
    /** Files of the cluster's folders that changed, as many as are told, and how many more there were. */
    files: z.array(z.string()).optional(),
    more: z.number().int().optional(),
  }),
});
export type Origin = z.infer<typeof Origin>;

/** A file of a folder that this job, or one of the run, changed as another one did: its version is `kept` under another name. */
export const Conflict = z.object({path: z.string(), kept: z.string(), job: z.string()});
