import {z} from 'zod';
import {displayFromServer} from './display.ts';
import {portFromServer} from './port.ts';
import {Step} from './steps.ts';
import {filesFromServer} from './files.ts';
import {terminalFromServer} from './terminal.ts';
import {Attempt, Bytes, JobId, Millis, OutputName, Profile, TenantId, WireError, WorkerId} from './values.ts';

const job = {job: JobId, attempt: Attempt};

/** A question without a job and without a journal: answered within 5 s or not at all. */
export const Query = z.discriminatedUnion('ask', [
  z.object({ask: z.literal('container.list'), tenant: TenantId}),
  z.object({ask: z.literal('container.list-all')}),
  z.object({ask: z.literal('container.stats'), box: z.string()}),
  z.object({ask: z.literal('images.list')}),
  z.object({ask: z.literal('image.check'), ref: z.string()}),
  z.object({ask: z.literal('container.exec.background.capture'), job: JobId, stream: OutputName, from: Bytes}),
]);
export type Query = z.infer<typeof Query>;

/** What an attempt is: all a worker needs, and keeps in its journal. */
export const attemptStart = {
  kind: z.string(),
  engine: z.string(),
  profile: Profile,
  steps: z.array(Step).min(1),
  timeoutMs: z.number().int().positive().optional(),
  graceMs: z.number().int(),
  devbox: z.string().optional(),
  generation: z.number().int().optional(),
};

export const fromServer = {
  hello: z.object({
    type: z.literal('hello'),
    protocol: z.number().int(),
    installation: z.string(),
    tenant: TenantId,
    worker: WorkerId,
    epoch: z.number().int(),
    clock: Millis,
    heartbeatMs: z.number().int(),
    lostAfterMs: z.number().int(),
  }),
  /** Idempotent by (job, attempt). `entry` is the outbox entry to confirm; `engine` the one placement chose; `timeoutMs` runs from `running`. */
  'job.start': z.object({
    type: z.literal('job.start'),
    entry: z.string(),
    ...job,
    tenant: TenantId,
    ...attemptStart,
    stopAfterMs: z.number().int().optional(),
    stdin: z.boolean().default(false),
    keepBox: z.boolean(),
  }),
  'job.cancel': z.object({type: z.literal('job.cancel'), entry: z.string(), ...job, reason: z.string(), graceMs: z.number().int()}),
  /** Lines for the job's stream `log`, which it reported over HTTP. */
  'job.log': z.object({type: z.literal('job.log'), ...job, text: z.string()}),
  /** The result is stored: the agent may forget it, and remove the box unless the job said to keep it. */
  'job.stored': z.object({type: z.literal('job.stored'), ...job}),
  /** Another attempt owns the job now: stop this one and forget it. */
  'job.superseded': z.object({type: z.literal('job.superseded'), ...job}),
  'job.secrets': z.object({type: z.literal('job.secrets'), ...job, values: z.record(z.string(), z.string()), error: WireError.optional()}),
  /** The server has this many bytes of the stream, gaps counted; sent on open and after each group of stored frames. */
  'job.have': z.object({type: z.literal('job.have'), ...job, name: OutputName, stream: z.number().int(), length: Bytes}),
  /** Redis lost this job's record, or its end, and its worker knows more: answered by `job.told` and `job.result` where the journal has them. */
  'job.ask': z.object({type: z.literal('job.ask'), ...job}),
  'journal.ask': z.object({type: z.literal('journal.ask')}),
  'inventory.ask': z.object({type: z.literal('inventory.ask')}),
  query: z.object({type: z.literal('query'), query: z.string(), of: Query}),
  'stream.credit': z.object({type: z.literal('stream.credit'), stream: z.number().int(), bytes: Bytes}),
  /** `notes`: what whoever reads the job's log should know of what was stored. */
  'stream.end': z.object({
    type: z.literal('stream.end'),
    stream: z.number().int(),
    length: Bytes.optional(),
    error: WireError.optional(),
    notes: z.array(z.string()).optional(),
  }),
  ...terminalFromServer,
  ...filesFromServer,
  ...portFromServer,
  ...displayFromServer,
  ping: z.object({type: z.literal('ping'), id: z.number().int()}),
} as const;

export const FromServer = z.discriminatedUnion('type', [
  fromServer.hello,
  fromServer['job.start'],
  fromServer['job.cancel'],
  fromServer['job.log'],
  fromServer['job.stored'],
  fromServer['job.superseded'],
  fromServer['job.secrets'],
  fromServer['job.have'],
  fromServer['job.ask'],
  fromServer['journal.ask'],
  fromServer['inventory.ask'],
  fromServer.query,
  fromServer['stream.credit'],
  fromServer['stream.end'],
  fromServer['terminal.open'],
  fromServer['terminal.input'],
  fromServer['terminal.resize'],
  fromServer['terminal.take'],
  fromServer['terminal.redraw'],
  fromServer['terminal.close'],
  fromServer['files.open'],
  fromServer['port.open'],
  fromServer['display.view'],
  fromServer.ping,
]);
export type FromServer = z.infer<typeof FromServer>;
