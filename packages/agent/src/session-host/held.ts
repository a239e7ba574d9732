import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, asBoxyardError, isBoxyardError, toWire} from '@boxyard/core/errors';
import type {Box, Engine, Process, Terminal as TerminalProcess} from '@boxyard/core/plugin-api';
import type {Attempt, Exit, OutputName, Tty} from '@boxyard/core/protocol';
import {CALL_MS, isInDoubt, withDeadline} from '../engine-calls.ts';
import type {JobOutput} from './job-output.ts';
import {ExecMarks} from './exec-marks.ts';
import {beginningOf} from './exec-beginning.ts';
import type {FoundBoxes} from './found-boxes.ts';
import {Captured} from './captured.ts';
import {killTree} from './kill-tree.ts';
import {StdinFeed} from './stdin-feed.ts';
import {showTerminal, type ShownTerminal} from './shown-terminal.ts';
import type {Terminal, TerminalState} from './terminal/terminal.ts';
import type {FromAgentToHost, HeldState} from './wire.ts';

type RunMessage = Extract<FromAgentToHost, {type: 'run'}>;
type ExecMessage = Extract<FromAgentToHost, {type: 'exec'}>;

export interface HeldDeps {
  readonly engine: Engine;
  readonly found: FoundBoxes;
  readonly output: JobOutput;
  readonly spoolDir: string;
  readonly onState: (state: HeldState) => void;
  readonly onStdin: (offset: number, done: boolean) => void;
  readonly onTerminal: (state: TerminalState) => void;
  /** Milliseconds after which a start that is not answered yet is looked after. */
  readonly lookMs?: number;
}

const OUTPUT_AFTER_EXIT_MS = 10_000;
const FORSAKEN_GRACE_MS = 10_000;
const LOOK_MS = 5_000;

/**
 * One program whose streams this process holds. States only go forward: starting → running → ended, or → failed when the
 * engine could not start it. `started` settles on leaving `starting`.
 */
export class Held {
  readonly slot: string;
  readonly job: string;
  readonly attempt: Attempt;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  readonly #deps: HeldDeps;
  readonly #engineName: string;
  readonly #stdin: StdinFeed | undefined;
  readonly #abort = new AbortController();
  #process: Process | undefined;
  #shown: ShownTerminal | undefined;
  #is: HeldState['is'] = 'starting';
  #exit: Exit | undefined;
  #error: HeldState['error'];
  #captured: Captured | undefined;
  readonly #writesTo: readonly OutputName[];
  #killing: Promise<unknown> | undefined;
  #markStarted: () => void = () => undefined;

  constructor(message: RunMessage | ExecMessage, deps: HeldDeps) {
    this.slot = message.slot;
    this.job = message.job;
    this.attempt = message.attempt;
    this.#deps = deps;
    this.#engineName = message.engine;
    this.#stdin = message.stdin ? new StdinFeed((offset, done) => deps.onStdin(offset, done)) : undefined;
    this.started = new Promise(resolve => (this.#markStarted = resolve));
    this.#writesTo = streamsOf(message);
    deps.output.addSecrets(message.secrets);
    if (message.report !== undefined) deps.output.hearReports(message.report);
    this.ended = (message.type === 'run' ? this.#main(message) : this.#exec(message)).catch((error: unknown) => this.#fail(error));
  }

  get stdin(): StdinFeed | undefined {
    return this.#stdin;
  }

  /** Of a program that was given one, from its start on. */
  get terminal(): Terminal | undefined {
    return this.#shown?.terminal;
  }

  get hasEnded(): boolean {
    return this.#is === 'ended' || this.#is === 'failed';
  }

  get state(): HeldState {
    return {
      job: this.job,
      attempt: this.attempt,
      slot: this.slot,
      is: this.#is,
      exit: this.#exit,
      error: this.#error,
      captured: this.#captured?.text,
      lengths: this.#deps.output.lengths,
      stdinTook: this.#stdin?.received ?? 0,
      stdinDone: this.#stdin?.isDone ?? true,
      terminal: this.#shown?.terminal.state,
    };
  }

  /** Only execs: a main process is ended through its box. See `killTree`; it has not ended before that is done. Idempotent. */
  async kill(graceMs: number): Promise<void> {
    if (this.hasEnded || !this.#process) return;
    // A shell at a terminal does not mind being asked to end; it ends when its terminal does.
    const killed = killTree(this.#process, this.#shown ? 'SIGHUP' : 'SIGTERM', graceMs);
    this.#killing = Promise.allSettled([this.#killing, killed]);
    await killed;
  }

  /** Lets go without ending what it holds. */
  abandon(): void {
    this.#abort.abort();
    this.#shown?.close();
  }

  async #main(message: RunMessage): Promise<void> {
    const signal = this.#abort.signal;
    const box = await this.#find(message.box);
    const before = await this.#ask('inspect', call => box.inspect(call));
    const isAgain = before.is !== 'created';
    const followed = this.#follow(box, isAgain);
    // Settled later, after the exit; a rejection in between is not unhandled.
    followed.catch(() => undefined);
    if (!isAgain) await this.#start(box);
    this.#running();
    const exit = await box.wait(signal);
    await this.#drain(followed);
    this.#end(exit);
  }

  /** Every call has a deadline: an engine that hangs holds up the one program, and says so. */
  #ask<T>(call: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline({engine: this.#engineName, call, ms: CALL_MS}, this.#abort.signal, work);
  }

  async #find(name: string): Promise<Box> {
    const box = await this.#ask('find', call => this.#deps.engine.find(name, call));
    if (!box) throw new BoxyardError('NOT_FOUND', {what: 'container', name});
    return box;
  }

  /**
   * An engine may start a program and say that it did not, or nothing. Then the box itself is asked, and what it says counts;
   * its output is being read already. One with input cannot go on so: its input may have been cut off, which is not an end (R11).
   */
  async #start(box: Box): Promise<void> {
    const stdin = this.#stdin?.readable;
    const started = this.#ask('start', call => box.start(stdin, call));
    if (stdin === undefined && (await this.#isSeenToRun(box, started))) return;
    try {
      await started;
    } catch (error) {
      if (this.#abort.signal.aborted || !isInDoubt(error) || !(await this.#hasStarted(box))) throw error;
      if (stdin === undefined) return;
      await this.#ask('stop', call => box.stop(0, call));
      throw new BoxyardError('INTERRUPTED', {}, {message: 'Standard input broke off before its end.', cause: error});
    }
  }

  /** Looks now and then until the engine has answered; true if the box was quicker. */
  async #isSeenToRun(box: Box, started: Promise<void>): Promise<boolean> {
    const answered = new AbortController();
    const {signal} = answered;
    started.catch(() => undefined).finally(() => answered.abort());
    for (;;) {
      await delay(this.#deps.lookMs ?? LOOK_MS, undefined, {signal}).catch(() => undefined);
      if (signal.aborted) return false;
      if (await this.#hasStarted(box)) return true;
    }
  }

  async #hasStarted(box: Box): Promise<boolean> {
    const state = await this.#ask('inspect', call => box.inspect(call)).catch(() => undefined);
    return state !== undefined && state.is !== 'created' && state.is !== 'gone';
  }

  /** Reads to the last byte; an engine that goes away in between is asked again for the rest. */
  async #follow(box: Box, isAgain: boolean): Promise<void> {
    const signal = this.#abort.signal;
    const output = this.#deps.output;
    for (let tries = 0; ; tries++) {
      const from = output.resumeAt();
      try {
        for await (const chunk of box.output(from, signal)) output.writeAt(chunk);
        output.flush(this.#writesTo);
        if (isAgain || tries > 0) this.#noteReconstructed(from);
        return;
      } catch (error) {
        if (signal.aborted || tries >= 5) throw error;
        this.#noteReconstructed(from);
        await delay(200 * 2 ** tries, undefined, {signal});
      }
    }
  }

  #noteReconstructed(from: {stdout: number; stderr: number}): void {
    const to = this.#deps.output.lengths;
    for (const stream of ['stdout', 'stderr'] as const)
      if (to[stream] > from[stream]) this.#deps.output.note({stream, from: from[stream], to: to[stream], reason: 'engine-log'});
  }

  /** Output normally ends with the program; a stream that something else holds open is cut after a while. */
  async #drain(output: Promise<void>): Promise<void> {
    const cut = new AbortController();
    const late = delay(OUTPUT_AFTER_EXIT_MS, undefined, {signal: cut.signal, ref: false}).catch(() => undefined);
    await Promise.race([output.catch(() => undefined), late]);
    cut.abort();
    this.#abort.abort();
  }

  async #exec(message: ExecMessage): Promise<void> {
    const {engine, output} = this.#deps;
    const marks = new ExecMarks(this.#deps.spoolDir, this.slot);
    const known = marks.exit;
    if (known) return this.#end(known);
    if (marks.isStarted) return this.#end({unknown: 'exec_outcome_unknown'});
    const begin = beginningOf(engine, message);
    const box = this.#deps.found.get(message.engine, message.box) ?? (await this.#find(message.box));
    this.#deps.found.keep(message.engine, box);
    if (message.into === 'capture') this.#captured = new Captured();
    else marks.markStarted();
    const process = await this.#ask('exec', call => begin(box, call)).catch((error: unknown) => {
      this.#deps.found.forget(message.engine, message.box);
      // Whether it was started, nobody can say.
      if (isBoxyardError(error) && error.code === 'ENGINE_TIMEOUT') return this.#end({unknown: 'exec_outcome_unknown'});
      throw error;
    });
    if (process === undefined) return;
    this.#process = process;
    if (message.command.tty !== undefined) this.#show(process, message.command.tty);
    this.#running();
    if (this.#shown) this.#process.stdin.on('error', () => undefined);
    else if (this.#stdin) this.#stdin.readable.pipe(this.#process.stdin);
    else this.#process.stdin.end();
    this.#process.stdin.on('error', () => this.#stdin?.drop());
    for await (const chunk of this.#process.output) await this.#take(chunk, message.into);
    const exit = await this.#process.wait();
    await this.#killing;
    await this.#shown?.finish();
    output.flush(this.#writesTo);
    // Written for execs only: an engine forgets their ends, a main process's end it remembers.
    if (!this.#captured) marks.markExit(exit);
    this.#end(exit);
  }

  #show(process: Process, tty: Tty): void {
    this.#shown = showTerminal(process as TerminalProcess, tty, {
      output: this.#deps.output,
      onState: this.#deps.onTerminal,
      onForsaken: () => void this.kill(FORSAKEN_GRACE_MS).catch(() => undefined),
    });
  }

  async #take(chunk: {stream: 'stdout' | 'stderr'; bytes: Uint8Array}, into: ExecMessage['into']): Promise<void> {
    if (this.#shown) return this.#shown.write(chunk.bytes);
    if (into === 'own') return void this.#deps.output.write(chunk.stream, chunk.bytes);
    if (into === 'log') return void this.#deps.output.write('log', chunk.bytes);
    this.#captured?.push(chunk.bytes);
  }

  #running(): void {
    this.#is = 'running';
    this.#markStarted();
    this.#deps.onState(this.state);
  }

  #end(exit: Exit): void {
    this.#shown?.terminal.end();
    this.#exit = exit;
    this.#is = 'ended';
    this.#stdin?.drop();
    this.#markStarted();
    this.#deps.onState(this.state);
  }

  #fail(error: unknown): void {
    if (this.hasEnded) return;
    this.#error = toWire(asBoxyardError(error));
    this.#is = 'failed';
    this.#stdin?.drop();
    this.#deps.output.flush(this.#writesTo);
    this.#abort.abort();
    this.#markStarted();
    this.#deps.onState(this.state);
  }
}

/** A program that only helps, as one that writes secret files, goes on beside the job's own. */
function streamsOf(message: RunMessage | ExecMessage): readonly OutputName[] {
  if (message.type === 'run' || message.into === 'own') return ['stdout', 'stderr'];
  return message.into === 'log' ? ['log'] : [];
}
