import {Worker} from 'node:worker_threads';
import {type BoxyardError, fromWire} from '../errors/index.ts';
import type {BoxyardEvent} from '../plugin-api/index.ts';
import {pluginFailed} from './plugin-errors.ts';
import type {PluginLog} from './plugin-faults.ts';
import type {FromThread, Instance, Reported, ThreadData, ToThread} from './reporter-wire.ts';
import {wrongReported} from './sense.ts';

export interface ReporterThreadOptions extends ThreadData {
  /** What the thread runs: a file that calls `serveReporter`. */
  readonly file: string;
  /** Names it until it has said its own name. */
  readonly name: string;
  readonly log: PluginLog;
}

/**
 * One plugin in a thread of its own, which is started when it is first used and again after it ended. A call ends in time whatever
 * the plugin does, with a `BoxyardError` that names it: a plugin that throws, hangs, calls `process.exit` or answers nonsense
 * costs its own calls and nothing else.
 */
export interface ReporterThread {
  /** Loads it; `PLUGIN_INVALID`, `PLUGIN_FAILED`. Its name. */
  load(): Promise<string>;
  /** Whether a config is one: `PLUGIN_CONFIG`. */
  check(config: unknown): Promise<void>;
  report(instance: Instance, event: BoxyardEvent, ms: number): Promise<Reported>;
  forget(id: string): void;
  close(): Promise<void>;
}

const LOAD_MS = 15_000;
const CHECK_MS = 20_000;
const MOST_CHECKS = 3;
const PING_MS = 2_000;
/** How long a call may take to end after its signal aborted. */
const CLEAN_UP_MS = 1_000;
const MOST_MEMORY_MB = 256;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BoxyardError) => void;
}

interface Running {
  readonly worker: Worker;
  readonly loaded: Promise<string>;
  readonly waiting: Map<number, Waiting>;
}

type Unsent<T> = T extends {readonly call: number} ? Omit<T, 'call'> : never;

export function createReporterThread(given: ReporterThreadOptions): ReporterThread {
  const options = {...given};
  let running: Running | undefined;
  let calls = 0;
  const current = () => (running ??= startThread(options, gone => (running = running === gone ? undefined : running)));
  const ask = (thread: Running, message: Unsent<ToThread>, ms: number) =>
    askThread(thread, {...message, call: (calls += 1)}, {ms, name: options.name});
  /** One that no longer answers at all is ended; one that merely keeps a promise is left to its other endpoints. */
  const endIfStuck = async (thread: Running) => {
    await ask(thread, {type: 'ping'}, PING_MS - CLEAN_UP_MS).catch(() => thread.worker.terminate());
  };
  const asked = async (message: Unsent<ToThread>, ms: number) => {
    const thread = current();
    try {
      return await ask(thread, message, ms);
    } catch (error) {
      if (running === thread) void endIfStuck(thread).catch(() => undefined);
      throw error;
    }
  };
  return {
    load: async () => (options.name = await current().loaded),
    check: async config => {
      for (let tries = 1; ; tries += 1) {
        const thread = current();
        try {
          return void (await asked({type: 'check', config}, CHECK_MS));
        } catch (error) {
          // It may have been ended by what it did for somebody else.
          if (running === thread || tries === MOST_CHECKS) throw error;
        }
      }
    },
    report: async (instance, event, ms) => {
      const value = await asked({type: 'report', instance, event}, ms);
      const issue = wrongReported(value);
      if (issue !== undefined) throw pluginFailed({plugin: options.name, call: 'report'}, `it returned ${issue}`);
      return value as Reported;
    },
    forget: id => running?.worker.postMessage({type: 'forget', id} satisfies ToThread),
    close: async () => void (await running?.worker.terminate()),
  };
}

async function askThread(
  {loaded, worker, waiting}: Running,
  message: Extract<ToThread, {readonly call: number}>,
  {ms, name}: {readonly ms: number; readonly name: string},
): Promise<unknown> {
  await loaded;
  const {call, type} = message;
  const {promise, resolve, reject} = Promise.withResolvers<unknown>();
  waiting.set(call, {resolve, reject});
  const late = setTimeout(() => worker.postMessage({type: 'abort', call} satisfies ToThread), ms);
  const over = setTimeout(() => reject(pluginFailed({plugin: name, call: type}, `no answer within ${ms} ms`)), ms + CLEAN_UP_MS);
  try {
    worker.postMessage(message);
    return await promise;
  } finally {
    clearTimeout(late);
    clearTimeout(over);
    waiting.delete(call);
  }
}

function startThread(options: ReporterThreadOptions, onGone: (thread: Running) => void): Running {
  const {file, log, name: _name, ...data} = options;
  const worker = new Worker(file, {
    workerData: data satisfies ThreadData,
    // Nothing of the server's environment is any of its business.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: {maxOldGenerationSizeMb: MOST_MEMORY_MB},
  });
  worker.unref();
  worker.stdout.resume();
  worker.stderr.resume();
  const loaded = Promise.withResolvers<string>();
  loaded.promise.catch(() => undefined);
  const waiting = new Map<number, Waiting>();
  const own: Running = {worker, loaded: loaded.promise, waiting};
  let why = 'it ended its thread';
  const late = setTimeout(() => {
    why = `it did not load within ${LOAD_MS} ms`;
    void worker.terminate();
  }, LOAD_MS);
  worker.on('message', (message: FromThread) => {
    if (message.type === 'log') log(message.level, message.message, message.fields);
    else if (message.type === 'done') waiting.get(message.call)?.resolve(message.value);
    else if (message.type === 'failed') waiting.get(message.call)?.reject(fromWire(message.error));
    else if (message.type === 'broken') loaded.reject(fromWire(message.error));
    else loaded.resolve(message.name);
    if (message.type === 'loaded' || message.type === 'broken') clearTimeout(late);
  });
  worker.on('error', error => (why = `it ended with ${error instanceof Error ? error.message : String(error)}`));
  worker.once('exit', () => {
    clearTimeout(late);
    onGone(own);
    const error = pluginFailed({plugin: options.name, call: 'report'}, why);
    loaded.reject(error);
    for (const each of waiting.values()) each.reject(error);
  });
  return own;
}
