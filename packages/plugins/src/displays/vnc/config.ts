import {z} from 'zod';

export const vncConfig = z
  .strictObject({
    /** Run on the new screen instead of what the image has for it. */
    session: z.array(z.string().min(1)).min(1).optional(),
  })
  .prefault({});
export type VncConfig = z.infer<typeof vncConfig>;
