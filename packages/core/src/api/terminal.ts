import {z} from 'zod';
import {MAX_INPUT_BYTES, TerminalSize, WireError} from '../protocol/index.ts';
import {JobView} from './jobs.ts';

const Offset = z.number().int().nonnegative();
const cells = z.coerce.number().int().min(1).max(1_000);

/** `viewer` is random and the same for all connections of one client: what it types is counted by it. */
export const TerminalQuery = z.object({
  viewer: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
  columns: cells,
  rows: cells,
  /** Bytes of the session's output that the client shows; absent where it shows nothing. */
  has: z.coerce.number().int().nonnegative().optional(),
  /** Lines wanted above the first screen. */
  history: z.coerce.number().int().min(0).max(1_000).default(0),
  /** Looks on without typing, whatever the token allows. */
  readonly: z.enum(['true', 'false']).default('false'),
});
export type TerminalQuery = z.infer<typeof TerminalQuery>;

/**
 * Frames of `WS /v1/jobs/:id/terminal`. Binary frames, server to client only: offset u64 BE of the first payload byte in this
 * connection's stream, payload. The client gives credit; without it nothing comes.
 */
export const terminalToClient = z.discriminatedUnion('type', [
  /** At once, and on every change: why there is nothing to see yet, and how it ended. */
  z.object({type: z.literal('job'), job: JobView}),
  /** `input`: bytes of this viewer's input that were applied; what it typed behind them it sends again. */
  z.object({type: z.literal('opened'), input: Offset, controls: z.boolean(), mayType: z.boolean(), ...TerminalSize.shape}),
  /** From byte `at` of the stream on, `bytes` bytes draw a cleared screen; behind them goes on byte `output` of the session. */
  z.object({type: z.literal('screen'), at: Offset, bytes: Offset, output: Offset, ...TerminalSize.shape}),
  z.object({type: z.literal('took'), input: Offset}),
  /** Once: the worker is not connected; `opened` follows when it is. */
  z.object({type: z.literal('away'), error: WireError}),
  /** Whether what this client types counts now. */
  z.object({type: z.literal('control'), controls: z.boolean()}),
  /** The command ended and every byte was sent; the socket closes after it. */
  z.object({type: z.literal('end'), job: JobView}),
  z.object({type: z.literal('error'), error: WireError}),
]);
export type TerminalToClient = z.infer<typeof terminalToClient>;

export const terminalFromClient = z.discriminatedUnion('type', [
  /** `data` is base64. */
  z.object({type: z.literal('input'), offset: Offset, data: z.base64().max(Math.ceil(MAX_INPUT_BYTES / 3) * 4)}),
  z.object({type: z.literal('resize'), ...TerminalSize.shape}),
  z.object({type: z.literal('take')}),
  z.object({type: z.literal('redraw')}),
  z.object({type: z.literal('credit'), bytes: Offset.max(16 * 1024 * 1024)}),
]);
export type TerminalFromClient = z.infer<typeof terminalFromClient>;
