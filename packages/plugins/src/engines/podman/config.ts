import {z} from 'zod';

/** `socket` is the only place looked at; `path` is the program that is started where no service runs (PODMAN_PATH). */
export const podmanConfig = z
  .strictObject({
    socket: z.string().startsWith('/').optional(),
    path: z.string().optional(),
    start: z.boolean().default(true),
  })
  .prefault({});
export type PodmanConfig = z.infer<typeof podmanConfig>;
