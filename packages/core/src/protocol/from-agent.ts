import {z} from 'zod';
import {attemptStart} from './from-server.ts';
import {
  Attempt,
  Bytes,
  Exit,
  Gap,
  JobId,
  LogEnd,
  Labels,
  Millis,
  OutputName,
  Phase,
  Platform,
  Profile,
  Restriction,
  WireError,
} from './values.ts';
import {filesFromAgent} from './files.ts';
import {displayFromAgent} from './display.ts';
import {portFromAgent} from './port.ts';
import {terminalFromAgent} from './terminal.ts';

const range = z.object({oldest: z.number().int(), newest: z.number().int()});
const job = {job: JobId, attempt: Attempt};

/** Engines as the agent found them; an unusable one is told with its reason and its remedy. */
export const EngineReport = z.object({
  /** What it calls itself; of one that was not loaded, what the config calls it. */
  name: z.string(),
  usable: z.boolean(),
  version: z.string().optional(),
  why: z.string().optional(),
  fix: z.string().optional(),
  features: z.array(z.string()).default([]),
  enforces: z.array(Restriction).default([]),
  labels: Labels.default({}),
  /** Of one that did not come with Boxyard: what the config names, and what was found. */
  plugin: z
    .object({
      module: z.string(),
      version: z.string().optional(),
      integrity: z.string().optional(),
      isPinned: z.boolean(),
      isLoaded: z.boolean().optional(),
    })
    .optional(),
});
export type EngineReport = z.infer<typeof EngineReport>;

/** A display plugin of a worker, told as an engine is. */
export const DisplayReport = EngineReport.pick({name: true, usable: true, why: true, fix: true, plugin: true});
export type DisplayReport = z.infer<typeof DisplayReport>;

export const BoxSeen = z.object({
  name: z.string(),
  labels: Labels,
  state: z.enum(['created', 'running', 'paused', 'exited']),
  exit: Exit.optional(),
});
export type BoxSeen = z.infer<typeof BoxSeen>;

/** Numbers of a heartbeat; bytes and per cent, live figures only (R18). */
export const Heartbeat = z.object({
  type: z.literal('worker.heartbeat'),
  cpuUsage: z.number().min(0).max(100),
  memoryFree: Bytes,
  diskTotal: Bytes.optional(),
  diskFree: Bytes.optional(),
  containersRunning: z.number().int().nonnegative(),
  gatewayStatus: z.enum(['ok', 'starting', 'degraded', 'down', 'disabled']).optional(),
  gatewayStatusDetail: z.string().optional(),
  /** True while free disk is under the guard: running work goes on, no new jobs (B11). */
  diskPressure: z.boolean().optional(),
  /** The machine's wall clock, which may have jumped since hello. */
  clock: Millis.optional(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** Highest attempt the agent holds of each unfinished job: what fences survive a rolled-back Redis with (R3). */
export const JournalEntry = z.object({...job, state: z.enum(['accepted', 'running', 'ended']), at: Millis});

export const fromAgent = {
  /** First frame of every connection. `machine` is made once per state directory, `process` per start, `boot` per boot of the machine. */
  hello: z.object({
    type: z.literal('hello'),
    protocol: range,
    installation: z.string().optional(),
    machine: z.string(),
    process: z.string(),
    boot: z.string(),
    epoch: z.number().int().nonnegative(),
    clock: Millis,
  }),
  'worker.register': z.object({
    type: z.literal('worker.register'),
    name: z.string().max(63),
    hostname: z.string().max(253),
    platform: Platform,
    arch: z.string().optional(),
    cpuCount: z.number().int().positive(),
    memoryTotal: Bytes,
    containerEngines: z.array(z.string()),
    agentVersion: z.string(),
    mode: z.enum(['byom', 'fleet']),
    engines: z.array(EngineReport).default([]),
    displays: z.array(DisplayReport).optional(),
    labels: Labels.default({}),
    slots: z.number().int().positive().optional(),
    memory: Bytes.optional(),
    floor: Profile.optional(),
  }),
  'worker.heartbeat': Heartbeat,
  /** One page of what an engine holds; absence means something only after the page with `complete` (R9). */
  'worker.inventory': z.object({
    type: z.literal('worker.inventory'),
    engine: z.string(),
    complete: z.boolean(),
    asOf: z.number().int(),
    boxes: z.array(BoxSeen),
  }),
  /** Sent after hello and when asked: everything unfinished, and what changed in the last 60 s. */
  'worker.journal': z.object({type: z.literal('worker.journal'), epoch: z.number().int(), jobs: z.array(JournalEntry)}),
  'worker.sleeping': z.object({
    type: z.literal('worker.sleeping'),
    state: z.enum(['going-to-sleep', 'woke']),
    sleptMs: z.number().optional(),
  }),
  /** Everything up to this outbox entry is journalled; the server forgets it. */
  'outbox.done': z.object({type: z.literal('outbox.done'), upTo: z.string()}),
  'job.update': z.object({
    type: z.literal('job.update'),
    ...job,
    state: z.enum(['accepted', 'running']),
    phases: z.array(Phase).default([]),
    progress: z.object({step: z.string(), done: z.number(), total: z.number().optional()}).optional(),
  }),
  /** Repeated until `job.stored`. Exactly one of `exit` and `error`, or `cancelled`. */
  'job.result': z.object({
    type: z.literal('job.result'),
    ...job,
    exit: Exit.optional(),
    error: WireError.optional(),
    cancelled: z.string().optional(),
    reason: z.string().optional(),
    logEnd: LogEnd,
    gaps: z.array(Gap).default([]),
    phases: z.array(Phase),
    asOf: z.number().int(),
    box: z.string().optional(),
    out: z.object({blob: z.string(), bytes: Bytes}).optional(),
    image: z.object({id: z.string(), ref: z.string()}).optional(),
    /** JSON that the job itself reported as what came of it. */
    reported: z.string().optional(),
    /** Where its program was when its engine was killed with it. */
    directory: z.string().optional(),
  }),
  'job.refused': z.object({type: z.literal('job.refused'), ...job, error: WireError}),
  /** Asks for the values of the secrets of a job it holds; answered by `job.secrets` of the server. */
  'job.secrets': z.object({type: z.literal('job.secrets'), ...job}),
  /** The attempt as it was sent, without what would not fit into a frame: then nothing is said. */
  'job.told': z.object({type: z.literal('job.told'), ...job, start: z.object(attemptStart)}),
  'query.answer': z.object({
    type: z.literal('query.answer'),
    query: z.string(),
    value: z.unknown().optional(),
    error: WireError.optional(),
  }),
  /** Opens an output stream whose data frames follow under the number `stream`; the server answers `job.have`. */
  'output.open': z.object({type: z.literal('output.open'), stream: z.number().int(), ...job, name: OutputName}),
  'output.gap': z.object({type: z.literal('output.gap'), ...job, gap: Gap}),
  /** Asks for bytes: stdin of a job from an offset, an uploaded blob, or the attempt's `folders` or `folders-base`. Data frames follow; credit is given with `stream.credit`. */
  'file.get': z.object({
    type: z.literal('file.get'),
    stream: z.number().int(),
    ...job,
    what: z.union([z.literal('stdin'), z.object({blob: z.string()})]),
    from: Bytes,
  }),
  /** Sends the job's `out` archive, or its changes of `folders`; data frames follow, then `stream.end`. The server answers `stream.end` when stored. */
  'file.put': z.object({type: z.literal('file.put'), stream: z.number().int(), ...job, what: z.enum(['out', 'folders']), from: Bytes}),
  'stream.credit': z.object({type: z.literal('stream.credit'), stream: z.number().int(), bytes: Bytes}),
  'stream.end': z.object({type: z.literal('stream.end'), stream: z.number().int(), length: Bytes.optional(), error: WireError.optional()}),
  ...terminalFromAgent,
  ...filesFromAgent,
  ...portFromAgent,
  ...displayFromAgent,
  pong: z.object({type: z.literal('pong'), id: z.number().int()}),
} as const;

export const FromAgent = z.discriminatedUnion('type', [
  fromAgent.hello,
  fromAgent['worker.register'],
  fromAgent['worker.heartbeat'],
  fromAgent['worker.inventory'],
  fromAgent['worker.journal'],
  fromAgent['worker.sleeping'],
  fromAgent['outbox.done'],
  fromAgent['job.update'],
  fromAgent['job.result'],
  fromAgent['job.refused'],
  fromAgent['job.secrets'],
  fromAgent['job.told'],
  fromAgent['query.answer'],
  fromAgent['output.open'],
  fromAgent['output.gap'],
  fromAgent['file.get'],
  fromAgent['file.put'],
  fromAgent['stream.credit'],
  fromAgent['stream.end'],
  fromAgent['terminal.opened'],
  fromAgent['terminal.screen'],
  fromAgent['terminal.took'],
  fromAgent['terminal.control'],
  fromAgent['terminal.state'],
  fromAgent['files.opened'],
  fromAgent['port.opened'],
  fromAgent['display.opened'],
  fromAgent.pong,
]);
export type FromAgent = z.infer<typeof FromAgent>;
