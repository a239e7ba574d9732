import {z} from 'zod';

export const logConfig = z
  .strictObject({
    /** A file of this size is set aside. */
    maxBytes: z
      .number()
      .int()
      .min(1_024)
      .max(100 * 1024 * 1024)
      .default(10 * 1024 * 1024),
    /** How many are kept, with the one that is written. */
    files: z.number().int().min(1).max(20).default(5),
  })
  .prefault({});
export type LogConfig = z.infer<typeof logConfig>;
