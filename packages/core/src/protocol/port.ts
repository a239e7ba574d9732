import {z} from 'zod';
import {TenantId} from './values.ts';

const stream = z.number().int().nonnegative();

/** Where a program in a box may listen. */
export const PortNumber = z.number().int().min(1).max(65_535);
export type PortNumber = z.infer<typeof PortNumber>;

/**
 * One connection to a port inside a box. The server opens it, under a stream number of its own; the agent answers
 * `port.opened`, or `stream.end` with the reason. Then data frames go both ways within the credit each side gave, and
 * `stream.end` with a length ends one direction; with an error it ends both. It ends with the socket of the agent.
 */
export const portFromServer = {
  'port.open': z.object({
    type: z.literal('port.open'),
    stream,
    tenant: TenantId,
    engine: z.string().max(63),
    box: z.string().max(63),
    port: PortNumber,
  }),
} as const;

export const portFromAgent = {
  /** A program took the connection. Each side has a credit of 256 KiB to begin with. */
  'port.opened': z.object({type: z.literal('port.opened'), stream}),
} as const;
