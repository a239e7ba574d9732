import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Box, Chunk, Process, Terminal} from '../plugin-api/index.ts';
import type {Guarded} from './guarded-call.ts';
import {pluginError, pluginFailed} from './plugin-errors.ts';
import {wrongChunk, wrongExit, wrongState} from './sense.ts';

type Asked<T> = Omit<Guarded<T>, 'plugin'>;

/** Runs what the plugin does before its call returns, its promise as it is; whoever gives it may note that it is in there. */
export type Entering = <T>(call: string, work: () => T) => T;

/** What the guarded parts of one engine share. */
export interface Guard {
  readonly plugin: string;
  readonly entering: Entering;
  run<T>(asked: Asked<T>, work: (signal: AbortSignal) => Promise<T>, wrong?: (value: unknown) => string | undefined): Promise<T>;
  remember(outer: Box, inner: Box): void;
  /** The plugin's own box: it is never handed a wrapped one. */
  innerOf(outer: Box): Box;
}

const INSPECT_MS = 20_000;
const START_MS = 120_000;
const STOP_EXTRA_MS = 30_000;
const REMOVE_MS = 120_000;
const KILL_MS = 20_000;
/** Output that is always there already would otherwise be all that its process does. */
const BURST_MS = 5;

export const guardBox = (guard: Guard, inner: Box): Box => {
  const asked = (call: string, signal: AbortSignal, ms?: number) => ({call, subject: inner.name, ms, signal});
  const outer: Box = {
    name: inner.name,
    labels: inner.labels,
    inspect: signal => guard.run(asked('inspect', signal, INSPECT_MS), given => inner.inspect(given), wrongState),
    start: (stdin, signal) => guard.run(asked('start', signal, START_MS), given => inner.start(stdin, given)),
    stop: (graceMs, signal) => guard.run(asked('stop', signal, graceMs + STOP_EXTRA_MS), given => inner.stop(graceMs, given)),
    remove: signal => guard.run(asked('remove', signal, REMOVE_MS), given => inner.remove(given)),
    wait: signal => guard.run(asked('wait', signal), given => inner.wait(given), wrongExit),
    // Asked for at once, not at the first read: an attach stream must be there before `start`.
    output: (from, signal) =>
      guardChunks(guard, {call: 'output', subject: inner.name, signal}, () => guard.entering('output', () => inner.output(from, signal)), {
        ...from,
      }),
  };
  guard.remember(outer, inner);
  return outer;
};

export const guardProcess = (guard: Guard, call: string, inner: Process): Process => {
  const never = new AbortController().signal;
  return {
    stdin: inner.stdin,
    output: guardChunks(guard, {call: `${call}.output`}, () => inner.output, {stdout: 0, stderr: 0}),
    wait: () => guard.run({call: `${call}.wait`, signal: never}, () => inner.wait(), wrongExit),
    kill: kind => guard.run({call: `${call}.kill`, ms: KILL_MS, signal: never}, () => inner.kill(kind)),
  };
};

export const guardTerminal = (guard: Guard, inner: Terminal): Terminal => ({
  ...guardProcess(guard, 'terminal', inner),
  resize: size => guard.run({call: 'terminal.resize', ms: KILL_MS, signal: new AbortController().signal}, () => inner.resize(size)),
});

const guardChunks = (
  {plugin}: Guard,
  asked: {call: string; subject?: string; signal?: AbortSignal},
  open: () => AsyncIterable<Chunk>,
  next: {stdout: number; stderr: number},
): AsyncIterable<Chunk> => {
  let source: AsyncIterable<Chunk> | undefined;
  let failure: unknown;
  try {
    source = open();
  } catch (error) {
    failure = error;
  }
  return checkedChunks({plugin, ...asked}, source, failure, next);
};

async function* checkedChunks(
  asked: {plugin: string; call: string; subject?: string; signal?: AbortSignal},
  source: AsyncIterable<Chunk> | undefined,
  failure: unknown,
  next: {stdout: number; stderr: number},
): AsyncGenerator<Chunk> {
  if (source === undefined) throw pluginError(failure, asked);
  if (typeof source[Symbol.asyncIterator] !== 'function') throw pluginFailed(asked, 'it returned no output');
  let since = performance.now();
  try {
    for await (const chunk of source) {
      const issue = wrongChunk(chunk, next);
      if (issue !== undefined) throw pluginFailed(asked, `it returned ${issue}`);
      next[chunk.stream] = chunk.offset + chunk.bytes.length;
      yield chunk;
      if (performance.now() - since < BURST_MS) continue;
      await nextTurn();
      since = performance.now();
    }
  } catch (error) {
    asked.signal?.throwIfAborted();
    throw pluginError(error, asked);
  }
}
