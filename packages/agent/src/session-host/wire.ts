import {z} from 'zod';
import {Attempt, Exit, Gap, JobId, LogEnd, OutputName, SessionState, TerminalSize, Tty, WireError} from '@boxyard/core/protocol';

/** What agent and session host say over the unix socket. A session host outlives upgrades of the agent: the last three versions are spoken. */
export const HOST_VERSION = 1;
export const HOST_OLDEST = 1;

const of = {job: JobId, attempt: Attempt};
/** `main` is the box's main process; every exec of a job has a name of its own, the same after any restart. */
const held = {...of, slot: z.string().max(64)};

/** A plugin as the agent's config names it; what it is called it says itself. */
export const EngineToLoad = z.object({
  module: z.string(),
  config: z.unknown().optional(),
  version: z.string().optional(),
  integrity: z.string().optional(),
  /** Found by the agent: a copied session host has no packages beside it. */
  place: z.object({file: z.string(), root: z.string().optional(), version: z.string().optional()}).optional(),
});
export type EngineToLoad = z.infer<typeof EngineToLoad>;

const view = z.number().int();

const HostCommand = z.object({
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  user: z.string().optional(),
  tty: Tty.optional(),
});

/** `secrets` are values to mask in output: kept in memory, never written. */
const running = {
  engine: z.string(),
  box: z.string(),
  stdin: z.boolean(),
  secrets: z.array(z.string()),
  /** The one of them that its program may report with. */
  report: z.string().optional(),
};

export const FromAgentToHost = z.discriminatedUnion('type', [
  z.object({type: z.literal('hello'), id: z.number(), oldest: z.number(), newest: z.number(), engines: z.array(EngineToLoad)}),
  /** Attaches, then starts the box; answered when it runs. Idempotent by (job, attempt, slot). A box that runs already is read from its engine's log. */
  z.object({type: z.literal('run'), id: z.number(), ...held, ...running}),
  /** Answered when the process runs. Idempotent by (job, attempt, slot): a known slot is never started again. */
  z.object({type: z.literal('exec'), id: z.number(), ...held, ...running, command: HostCommand, into: z.enum(['own', 'log', 'capture'])}),
  z.object({type: z.literal('kill'), id: z.number(), ...held, graceMs: z.number()}),
  /** Looks on at a slot's terminal; answered by `ViewOpened`. `view` is a number of the agent's, of its own for each connection. */
  z.object({
    type: z.literal('view'),
    id: z.number(),
    ...held,
    view,
    viewer: z.string(),
    mayType: z.boolean(),
    size: TerminalSize,
    has: z.number().optional(),
    history: z.number(),
  }),
  /** Bytes follow in the same frame. */
  z.object({type: z.literal('view.input'), view, offset: z.number()}),
  z.object({type: z.literal('view.size'), view, size: TerminalSize}),
  z.object({type: z.literal('view.take'), view}),
  z.object({type: z.literal('view.redraw'), view}),
  z.object({type: z.literal('view.credit'), view, bytes: z.number()}),
  z.object({type: z.literal('view.close'), view}),
  z.object({type: z.literal('append'), ...of, text: z.string()}),
  /** Bytes follow in the same frame. */
  z.object({type: z.literal('stdin'), ...held, offset: z.number()}),
  z.object({type: z.literal('stdin.end'), ...held, length: z.number(), interrupted: z.boolean()}),
  /** Lengths and gaps after everything written so far. */
  z.object({type: z.literal('lengths'), id: z.number(), ...of}),
  z.object({type: z.literal('list'), id: z.number()}),
  /** The job is stored: its slots are forgotten; the spool's files stay until the agent's garbage collection. */
  z.object({type: z.literal('forget'), ...of}),
  /** Ends when nothing is held any more. */
  z.object({type: z.literal('end'), id: z.number()}),
]);
export type FromAgentToHost = z.infer<typeof FromAgentToHost>;

export const HeldState = z.object({
  ...held,
  is: z.enum(['starting', 'running', 'ended', 'failed']),
  exit: Exit.optional(),
  error: WireError.optional(),
  /** What a `capture` exec printed, at most 64 KiB. */
  captured: z.string().optional(),
  lengths: LogEnd,
  stdinTook: z.number(),
  stdinDone: z.boolean(),
  /** Of a program at a terminal. */
  terminal: SessionState.optional(),
});
export type HeldState = z.infer<typeof HeldState>;

export const ViewOpened = z.object({input: z.number(), controls: z.boolean(), size: TerminalSize});
export type ViewOpened = z.infer<typeof ViewOpened>;

export const ReportedProgress = z.object({step: z.string(), done: z.number(), total: z.number().optional()});
export type ReportedProgress = z.infer<typeof ReportedProgress>;

export const FromHostToAgent = z.discriminatedUnion('type', [
  z.object({type: z.literal('reply'), id: z.number(), value: z.unknown().optional(), error: WireError.optional()}),
  z.object({type: z.literal('state'), of: HeldState}),
  /** `settled`: bytes before it stay readable in the spool; those behind it may still be cut out of the middle. */
  z.object({type: z.literal('spooled'), ...of, stream: OutputName, length: z.number(), settled: z.number()}),
  z.object({type: z.literal('terminal'), ...held, state: SessionState}),
  /** How far a job says it is: the newest, once a second at most. */
  z.object({type: z.literal('progress'), ...of, progress: ReportedProgress}),
  /** From byte `at` of the view's stream on, `bytes` bytes draw the screen; behind them goes on byte `output` of the session. */
  z.object({type: z.literal('view.screen'), view, at: z.number(), bytes: z.number(), output: z.number(), size: TerminalSize}),
  /** Bytes follow in the same frame. */
  z.object({type: z.literal('view.data'), view, offset: z.number()}),
  z.object({type: z.literal('view.took'), view, input: z.number()}),
  z.object({type: z.literal('view.control'), view, controls: z.boolean()}),
  z.object({type: z.literal('view.end'), view, length: z.number()}),
  z.object({type: z.literal('stdin.took'), ...held, offset: z.number(), done: z.boolean()}),
]);
export type FromHostToAgent = z.infer<typeof FromHostToAgent>;

export const HostLengths = z.object({lengths: LogEnd, gaps: z.array(Gap)});
export type HostLengths = z.infer<typeof HostLengths>;
export const HostList = z.object({held: z.array(HeldState)});

const MAX_FRAME = 1024 * 1024;

/** Frame: u32 BE length of the rest, u32 BE length of the JSON, JSON, bytes. */
export function encodeFrame(message: object, bytes?: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(message));
  const payload = bytes?.length ?? 0;
  const frame = Buffer.allocUnsafe(8 + json.length + payload);
  frame.writeUInt32BE(4 + json.length + payload, 0);
  frame.writeUInt32BE(json.length, 4);
  json.copy(frame, 8);
  if (bytes) frame.set(bytes, 8 + json.length);
  return frame;
}

export interface Frame {
  readonly value: unknown;
  readonly bytes: Buffer;
}

/** Cuts a byte stream into frames; throws on a frame that cannot be one. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#rest.length - at >= 8) {
      const length = this.#rest.readUInt32BE(at);
      const json = this.#rest.readUInt32BE(at + 4);
      if (length > MAX_FRAME || json + 4 > length) throw new Error(`frame of ${length} bytes`);
      if (this.#rest.length - at < 4 + length) break;
      const text = this.#rest.toString('utf8', at + 8, at + 8 + json);
      frames.push({value: JSON.parse(text) as unknown, bytes: this.#rest.subarray(at + 8 + json, at + 4 + length)});
      at += 4 + length;
    }
    this.#rest = this.#rest.subarray(at);
    return frames;
  }
}
