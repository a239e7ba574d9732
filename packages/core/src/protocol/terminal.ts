import {z} from 'zod';
import {MAX_INPUT_BYTES} from './input-limit.ts';
import {SessionState} from './session.ts';
import {Attempt, Bytes, JobId, TerminalSize} from './values.ts';

const stream = z.number().int().nonnegative();

/**
 * One viewer of the terminal of a job's command. The server opens it, under a stream number of its own; the agent answers
 * `terminal.opened` and the screen as data frames, or `stream.end` with the reason. Nothing of it is journalled: after a
 * break the server opens anew, and says what the viewer has.
 */
export const terminalFromServer = {
  'terminal.open': z.object({
    type: z.literal('terminal.open'),
    stream,
    job: JobId,
    attempt: Attempt,
    /** Random, the same for all connections of one client: its input is counted by it. */
    viewer: z.string().min(8).max(64),
    mayType: z.boolean(),
    ...TerminalSize.shape,
    /** Bytes of the session's output that the viewer has shown; absent where it shows nothing. */
    has: Bytes.optional(),
    /** Lines wanted above the screen. */
    history: z.number().int().min(0).max(1_000),
    credit: Bytes,
  }),
  /** `data` is base64 of bytes from `offset` of this viewer's input on; a repeat is applied once. */
  'terminal.input': z.object({
    type: z.literal('terminal.input'),
    stream,
    offset: Bytes,
    data: z.string().max(Math.ceil(MAX_INPUT_BYTES / 3) * 4),
  }),
  'terminal.resize': z.object({type: z.literal('terminal.resize'), stream, ...TerminalSize.shape}),
  /** This viewer's input and size count from now on. */
  'terminal.take': z.object({type: z.literal('terminal.take'), stream}),
  /** The viewer's screen is not what it was sent: it is drawn anew. */
  'terminal.redraw': z.object({type: z.literal('terminal.redraw'), stream}),
  /** Stops looking on; the program goes on. */
  'terminal.close': z.object({type: z.literal('terminal.close'), stream}),
} as const;

export const terminalFromAgent = {
  'terminal.opened': z.object({
    type: z.literal('terminal.opened'),
    stream,
    /** Bytes of this viewer's input that were applied. */
    input: Bytes,
    controls: z.boolean(),
    ...TerminalSize.shape,
  }),
  /** From byte `at` of the stream on, `bytes` bytes draw a cleared screen of this size; behind them goes on byte `output` of the session. */
  'terminal.screen': z.object({
    type: z.literal('terminal.screen'),
    stream,
    at: Bytes,
    bytes: Bytes,
    output: Bytes,
    ...TerminalSize.shape,
  }),
  'terminal.took': z.object({type: z.literal('terminal.took'), stream, input: Bytes}),
  'terminal.control': z.object({type: z.literal('terminal.control'), stream, controls: z.boolean()}),
  /** On change of what the session is doing, and once for each on every connection. */
  'terminal.state': z.object({type: z.literal('terminal.state'), job: JobId, attempt: Attempt, state: SessionState}),
} as const;
