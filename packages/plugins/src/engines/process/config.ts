import {z} from 'zod';

/** Off unless the owner says `enabled`: what it runs is not isolated. `user` and `root` matter when the agent is root. */
export const processConfig = z
  .strictObject({
    enabled: z.boolean().default(false),
    user: z.string().min(1).default('boxyard-job'),
    root: z.string().startsWith('/').optional(),
  })
  .prefault({});
export type ProcessConfig = z.infer<typeof processConfig>;
