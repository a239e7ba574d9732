import type {Blobs} from '../blobs/blobs.ts';
import type {StreamOf} from '../blobs/job-output.ts';
import type {Timing} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {LogService} from '../services.ts';
import {hasEnded, type JobRecord} from './rules-record.ts';
import {getJob} from './store-lists.ts';
import type {JobStore} from './store.ts';

export interface LogDeps {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly timing: Timing;
  /** Calls back when a job changes on this server. */
  readonly onJob: (job: string, listener: () => void) => () => void;
}

/** Other servers' writes and a shared directory make no sound here. */
const pollMs = 500;

export function createLogService(deps: LogDeps): LogService {
  const {store, blobs} = deps;
  const {output, files} = blobs;
  const find = (tenant: string, job: string): Promise<JobRecord> => getJob(store, tenant, job);
  const graces = new Map<string, NodeJS.Timeout>();

  return {
    have: async (tenant, job, attempt) => {
      const record = await find(tenant, job);
      return output.have(tenant, record.id, attempt ?? record.attempt.number);
    },
    times: async (tenant, job, name, attempt) => {
      const record = await find(tenant, job);
      return output.times({tenant, job: record.id, attempt: attempt ?? record.attempt.number, name});
    },
    read: (tenant, job, stream, options) => readStream(deps, {tenant, job, stream}, options),
    writeStdin: async (tenant, job, offset, bytes) => {
      const record = await find(tenant, job);
      if (hasEnded(record)) throw new BoxyardError('CONFLICT', {what: `Job ${record.id}`, issue: 'has ended'});
      return files.writeStdin(tenant, record.id, offset, bytes);
    },
    stdinLength: async (tenant, job) => {
      const {length, ended} = await files.stdin(tenant, (await find(tenant, job)).id);
      return {length, ended};
    },
    endStdin: async (tenant, job, length) => files.endStdin(tenant, (await find(tenant, job)).id, length),
    stdinClientGone: (tenant, job) => {
      clearTimeout(graces.get(job));
      const timer = setTimeout(() => {
        graces.delete(job);
        void interrupt(deps, tenant, job).catch(() => undefined);
      }, deps.timing.stdinGrace);
      timer.unref();
      graces.set(job, timer);
    },
    stdinClientHere: (_tenant, job) => {
      clearTimeout(graces.get(job));
      graces.delete(job);
    },
    upload: (tenant, bytes) => files.upload(tenant, bytes),
    out: async (tenant, job) => {
      const record = await find(tenant, job);
      return files.out(tenant, record.id, record.attempt.number);
    },
  };
}

/** Input that stopped without its end is never made into an end: the job is killed (R11). */
async function interrupt(deps: LogDeps, tenant: string, job: string): Promise<void> {
  const record = await getJob(deps.store, tenant, job);
  if (hasEnded(record) || (await deps.blobs.files.stdin(tenant, record.id)).ended) return;
  await deps.store.step(record.id, {type: 'cancel', actor: 'server', reason: 'stdin_interrupted'}, {actor: 'server'});
}

interface ReadOptions {
  readonly from: number;
  readonly follow: boolean;
  readonly attempt?: number;
  readonly signal: AbortSignal;
}

async function* readStream(deps: LogDeps, what: {tenant: string; job: string; stream: OutputName}, options: ReadOptions) {
  const {output} = deps.blobs;
  let record = await getJob(deps.store, what.tenant, what.job);
  let at = options.from;
  const of = (): StreamOf => ({tenant: what.tenant, job: record.id, attempt: options.attempt ?? record.attempt.number, name: what.stream});
  const bell = createBell(deps, of, options.signal);
  try {
    while (!options.signal.aborted) {
      bell.reset();
      const part = await output.read(of(), at);
      if (part !== undefined) {
        at = 'gap' in part ? part.gap.to : part.offset + part.bytes.length;
        yield part;
        continue;
      }
      if (!options.follow) return;
      const before = record.attempt.number;
      record = (await deps.store.get(record.id)) ?? record;
      const isLast = isOver(deps, record, what.stream, at);
      if (isLast && (await output.length(of())) <= at) return;
      if (isLast) continue;
      if (options.attempt === undefined && record.attempt.number !== before) at = 0;
      await bell.wait(pollMs);
    }
  } finally {
    bell.stop();
  }
}

/** Whether no byte can come any more: all there are came, or they are late beyond waiting for. */
function isOver(deps: LogDeps, record: JobRecord, stream: OutputName, at: number): boolean {
  if (!hasEnded(record)) return false;
  if (record.logEnd === undefined) return record.source !== 'server' || record.sentAt === undefined || isLate(deps, record);
  return at >= record.logEnd[stream] || isLate(deps, record);
}

const isLate = (deps: LogDeps, record: JobRecord): boolean =>
  deps.store.rim.clock.now() - (record.endedAt ?? 0) > (record.logEnd === undefined ? deps.timing.query : deps.timing.logFinalize);

/** Rings when the stream grows, the job changes, or the reader leaves. */
function createBell(deps: LogDeps, of: () => StreamOf, signal: AbortSignal) {
  let ring: (() => void) | undefined;
  let hasRung = false;
  const onRing = () => {
    hasRung = true;
    ring?.();
  };
  const stops = [deps.blobs.output.watch(of(), onRing), deps.onJob(of().job, onRing)];
  signal.addEventListener('abort', onRing);
  return {
    reset: () => {
      hasRung = false;
    },
    wait: async (ms: number) => {
      if (hasRung) return;
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms);
        ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      ring = undefined;
    },
    stop: () => {
      signal.removeEventListener('abort', onRing);
      for (const stop of stops) stop();
    },
  };
}
