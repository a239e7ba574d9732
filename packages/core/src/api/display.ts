import {z} from 'zod';
import {DisplaySize, Name} from '../protocol/index.ts';
import {portFromClient, portToClient} from './port.ts';

/** `display`: the plugin that makes the screen watchable. Where one is open already it is that one, whatever size is asked for. */
export const DisplayRequest = z.strictObject({
  display: Name.optional(),
  width: DisplaySize.width.optional(),
  height: DisplaySize.height.optional(),
});
export type DisplayRequest = z.infer<typeof DisplayRequest>;

/**
 * Whose keys and pointer count: `wait` has them while nobody else does, `take` takes them on opening, `none` only looks,
 * whatever the token allows. `glance` looks in passing, as a thumbnail does: it counts as nobody's look, so that a display is
 * closed although it goes on, and is told who looks.
 */
export const DisplayQuery = z.object({control: z.enum(['wait', 'take', 'none', 'glance']).default('wait')});
export type DisplayQuery = z.infer<typeof DisplayQuery>;

/** As `DisplayQuery`, for a browser, which never looks in passing. */
export const DisplayTicketRequest = z.strictObject({control: z.enum(['wait', 'take', 'none']).default('wait')});

/** `path` is below the server's address; what is behind its `#` is the ticket, which a browser sends to nobody by itself. */
export const DisplayTicketView = z.object({job: z.string(), path: z.string(), expiresAt: z.string()});
export type DisplayTicketView = z.infer<typeof DisplayTicketView>;

/**
 * Frames of `WS /v1/jobs/:id/display`, one socket per viewer: those of a port, and who controls. Binary frames are RFB 3.8
 * without a password. `opened` comes when the display shows itself; what a viewer may not say is taken out of what it says.
 */
export const displayToClient = z.discriminatedUnion('type', [
  ...portToClient.options,
  /** Whether what this client types and points at counts now. Once before `opened`, and on every change. */
  z.object({type: z.literal('control'), controls: z.boolean(), mayControl: z.boolean()}),
  /**
   * To a glance alone: how many look through this server, the actor who controls, and since when nobody has looked, in
   * milliseconds since 1970. First of all, and on every change.
   */
  z.object({type: z.literal('watched'), viewers: z.number(), controller: z.string().optional(), quietSince: z.number().optional()}),
  /** To a client that came by a ticket, again and again: the ticket of its next look, in place of the one before. */
  z.object({type: z.literal('renewal'), ticket: z.string(), devbox: z.string()}),
]);
export type DisplayToClient = z.infer<typeof displayToClient>;

export const displayFromClient = z.discriminatedUnion('type', [...portFromClient.options, z.object({type: z.literal('take')})]);
export type DisplayFromClient = z.infer<typeof displayFromClient>;
