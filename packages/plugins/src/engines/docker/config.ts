import {z} from 'zod';

/** `socket` wins over DOCKER_HOST and over what is found; `host` reads as DOCKER_HOST does. */
export const dockerConfig = z
  .strictObject({
    socket: z.string().startsWith('/').optional(),
    host: z.string().optional(),
  })
  .default({});
export type DockerConfig = z.infer<typeof dockerConfig>;
