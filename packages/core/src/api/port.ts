import {z} from 'zod';
import {WireError} from '../protocol/index.ts';

const bytes = z.number().int().nonnegative();

/**
 * Frames of `WS /v1/devboxes/:devbox/ports/:port`, one socket per connection. Binary frames are the bytes of the connection,
 * both ways. Each side may send 256 KiB from `opened` on, and what the other gives it by `credit`.
 */
export const portToClient = z.discriminatedUnion('type', [
  /** A program in the DevBox took the connection. */
  z.object({type: z.literal('opened')}),
  z.object({type: z.literal('credit'), bytes}),
  /** The program sends no more; the client still may. The socket closes when both have ended. */
  z.object({type: z.literal('end')}),
  /** Why there is no connection, or none any more; the socket closes after it. */
  z.object({type: z.literal('error'), error: WireError}),
]);
export type PortToClient = z.infer<typeof portToClient>;

export const portFromClient = z.discriminatedUnion('type', [
  z.object({type: z.literal('credit'), bytes: bytes.max(1024 * 1024)}),
  /** The client sends no more; the program still may. */
  z.object({type: z.literal('end')}),
]);
export type PortFromClient = z.infer<typeof portFromClient>;
