import {setTimeout as delay} from 'node:timers/promises';
import type {Timing} from '@boxyard/core/config';
import {BoxyardError, asBoxyardError, entryOf, fromWire} from '@boxyard/core/errors';
import type {Box} from '@boxyard/core/plugin-api';
import type {Attempt, Exit, FromAgent, Profile, Tty} from '@boxyard/core/protocol';
import type {Clock} from '../clock.ts';
import type {Displays} from '../displays.ts';
import type {Engines} from '../engines.ts';
import type {HeldRegistry} from '../held-registry.ts';
import {isHostLost} from '../host-client.ts';
import type {Hosts} from '../hosts.ts';
import type {JobRow, JobStart, Journal} from '../journal.ts';
import type {LiveDirs} from '../live-dirs.ts';
import type {Outputs} from '../outputs.ts';
import {ownBox} from '../own-box.ts';
import type {Secrets} from '../secrets.ts';
import type {HeldState} from '../session-host/wire.ts';
import type {Streams} from '../streams.ts';

/** What one agent is made of, handed to every job. */
export interface Parts {
  readonly engines: Engines;
  readonly displays: Displays;
  readonly host: Hosts;
  readonly held: HeldRegistry;
  readonly secrets: Secrets;
  readonly streams: Streams;
  readonly outputs: Outputs;
  readonly live: LiveDirs;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly stateDir: string;
  readonly worker: {readonly machine: string; readonly name: string; readonly floor: Profile | undefined; readonly server: string};
  readonly send: (message: FromAgent) => boolean;
  readonly log: (message: string, fields?: object) => void;
  /** Ends the process at a named place; only fault tests make it do anything. */
  readonly crash: (at: CrashPoint) => void;
}
export type CrashPoint = 'after-accept' | 'after-create' | 'after-start' | 'before-result';

/** What a step may do with the job it belongs to. */
export interface StepContext {
  readonly parts: Parts;
  readonly row: JobRow;
  readonly start: JobStart;
  readonly of: {readonly job: string; readonly attempt: Attempt};
  readonly index: number;
  /** The agent was restarted during this attempt: what the step asks may be done already. */
  readonly isRepeat: boolean;
  /** Aborted when the job is to end early: cancel, deadline, newer attempt. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  /** Boxes that this job made since this agent began with it, by name. */
  readonly made: Map<string, Box>;
  phase<T>(name: string, work: () => Promise<T>, detail?: string): Promise<T>;
  log(text: string): Promise<void>;
  progress(step: string, done: number, total?: number): void;
  /** The job's own program runs: from here its time counts. Idempotent. */
  running(): void;
  /** Notes on disk that an engine call begins that could take the agent down with it. */
  starting(): Promise<void>;
  ends(result: {exit?: Exit; image?: {id: string; ref: string}; out?: {blob: string; bytes: number}; directory?: string}): void;
  fail(error: BoxyardError, reason: string): void;
}

export async function boxOf(context: StepContext, name: string): Promise<Box> {
  const box = await findBox(context, name);
  if (!box) throw new BoxyardError('NOT_FOUND', {what: 'container', name});
  return box;
}

export async function findBox(context: StepContext, name: string): Promise<Box | undefined> {
  const box = await engineCall(context, 'find', signal => context.parts.engines.get(context.start.engine).find(name, signal));
  return ownBox(box, context.parts.worker.machine, context.start.tenant);
}

/** An idempotent call: a fault that may pass is tried again twice. `ms` is the deadline of one try. */
export async function engineCall<T>(
  context: StepContext,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  ms?: number,
): Promise<T> {
  const {engines} = context.parts;
  for (let tries = 0; ; tries++) {
    try {
      return await engines.call(context.start.engine, what, (_, signal) => work(signal), {
        signal: context.signal,
        ...(ms === undefined ? {} : {ms}),
      });
    } catch (error) {
      if (context.signal.aborted || tries >= 2 || !entryOf(asBoxyardError(error).code).retryable) throw error;
      await delay(200 * 4 ** tries, undefined, {signal: context.signal});
    }
  }
}

export interface ExecInBox {
  readonly slot: string;
  readonly box: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
  readonly stdin?: boolean;
  readonly tty?: Tty | undefined;
  readonly into: 'own' | 'log' | 'capture';
  readonly secrets?: readonly string[];
  readonly report?: string | undefined;
  readonly onRunning?: (state: HeldState) => void;
}

/** Runs a program in a box through the session host, to its end; ended early it is asked, then killed. Started at most once per slot. */
export async function execInBox(context: StepContext, exec: ExecInBox): Promise<HeldState> {
  const {parts, of} = context;
  const slot = {...of, slot: exec.slot};
  const kill = () =>
    void parts.host.kill(slot, context.graceMs).catch((error: unknown) => parts.log('kill failed', {error: String(error)}));
  const command = {argv: [...exec.argv], env: {...exec.env}, ...present({cwd: exec.cwd, user: exec.user, tty: exec.tty})};
  const {box, into, stdin = false} = exec;
  const message = {
    type: 'exec' as const,
    ...slot,
    engine: context.start.engine,
    box,
    stdin,
    command,
    into,
    secrets: [...(exec.secrets ?? [])],
    ...(exec.report === undefined ? {} : {report: exec.report}),
  };
  for (let tries = 0; ; tries++) {
    try {
      const state = await parts.held.start(message);
      context.signal.addEventListener('abort', kill, {once: true});
      if (state.is !== 'failed') exec.onRunning?.(state);
      if (context.signal.aborted) kill();
      return whole(await parts.held.ended(slot));
    } catch (error) {
      if (!isHostLost(error) || tries >= 3) throw error;
    } finally {
      context.signal.removeEventListener('abort', kill);
    }
  }
}

/** The end of a program, or the error that kept it from running. */
export function whole(state: HeldState): HeldState {
  if (state.is !== 'failed') return state;
  throw state.error ? fromWire(state.error as Parameters<typeof fromWire>[0]) : new BoxyardError('INTERNAL');
}

/** Fields that are absent instead of undefined, as the plugin contract wants them. */
export function present<T extends object>(value: T): {[K in keyof T]: Exclude<T[K], undefined>} {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {[K in keyof T]: Exclude<T[K], undefined>};
}
