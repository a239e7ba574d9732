import {setTimeout as delay} from 'node:timers/promises';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import type {Box, Engine, Process} from '@boxyard/core/plugin-api';
import type {Attempt, Exit} from '@boxyard/core/protocol';
import type {JobOutput} from './job-output.ts';
import {StdinFeed} from './stdin-feed.ts';
import type {FromAgentToHost, HeldState} from './wire.ts';

type RunMessage = Extract<FromAgentToHost, {type: 'run'}>;
type ExecMessage = Extract<FromAgentToHost, {type: 'exec'}>;

export interface HeldDeps {
  readonly engine: Engine;
  readonly output: JobOutput;
  readonly spoolDir: string;
  readonly onState: (state: HeldState) => void;
  readonly onStdin: (offset: number, done: boolean) => void;
}

const OUTPUT_AFTER_EXIT_MS = 10_000;
const CAPTURE_BYTES = 64 * 1024;

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
  readonly #stdin: StdinFeed | undefined;
  readonly #abort = new AbortController();
  #process: Process | undefined;
  #is: HeldState['is'] = 'starting';
  #exit: Exit | undefined;
  #error: HeldState['error'];
  #captured: Buffer[] = [];
  #capture = false;
  #markStarted: () => void = () => undefined;

  constructor(message: RunMessage | ExecMessage, deps: HeldDeps) {
    this.slot = message.slot;
    this.job = message.job;
    this.attempt = message.attempt;
    this.#deps = deps;
    this.#stdin = message.stdin ? new StdinFeed((offset, done) => deps.onStdin(offset, done)) : undefined;
    this.started = new Promise(resolve => (this.#markStarted = resolve));
    deps.output.addSecrets(message.secrets);
    this.ended = (message.type === 'run' ? this.#main(message) : this.#exec(message)).catch((error: unknown) => this.#fail(error));
  }

  get stdin(): StdinFeed | undefined {
    return this.#stdin;
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
      captured: this.#capture ? Buffer.concat(this.#captured).toString('utf8') : undefined,
      lengths: this.#deps.output.lengths,
      stdinTook: this.#stdin?.received ?? 0,
      stdinDone: this.#stdin?.isDone ?? true,
    };
  }

  /** Only execs: a main process is ended through its box. Asks, waits, kills the tree. Idempotent. */
  async kill(graceMs: number): Promise<void> {
    if (this.hasEnded || !this.#process) return;
    if (graceMs > 0) {
      await this.#process.kill('SIGTERM');
      await Promise.race([this.ended, delay(graceMs, undefined, {ref: false})]);
    }
    if (!this.hasEnded) await this.#process.kill('SIGKILL');
  }

  /** Lets go without ending what it holds. */
  abandon(): void {
    this.#abort.abort();
  }

  async #main(message: RunMessage): Promise<void> {
    const signal = this.#abort.signal;
    const box = await this.#deps.engine.find(message.box, signal);
    if (!box) throw new BoxyardError('NOT_FOUND', {what: 'container', name: message.box});
    const before = await box.inspect(signal);
    const isAgain = before.is !== 'created';
    const followed = this.#follow(box, isAgain);
    // Settled later, after the exit; a rejection in between is not unhandled.
    followed.catch(() => undefined);
    if (!isAgain) await box.start(this.#stdin?.readable, signal);
    this.#running();
    const exit = await box.wait(signal);
    await this.#drain(followed);
    this.#end(exit);
  }

  /** Reads to the last byte; an engine that goes away in between is asked again for the rest. */
  async #follow(box: Box, isAgain: boolean): Promise<void> {
    const signal = this.#abort.signal;
    const output = this.#deps.output;
    for (let tries = 0; ; tries++) {
      const from = output.resumeAt();
      try {
        for await (const chunk of box.output(from, signal)) output.writeAt(chunk);
        output.flush();
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
    const signal = this.#abort.signal;
    const known = this.#readExit();
    if (known) return this.#end(known);
    if (existsSync(this.#startedFile)) return this.#end({unknown: 'exec_outcome_unknown'});
    if (!engine.features.exec) throw new BoxyardError('UNSUPPORTED', {what: 'exec', by: message.engine});
    const box = await engine.find(message.box, signal);
    if (!box) throw new BoxyardError('NOT_FOUND', {what: 'container', name: message.box});
    const {argv, env, cwd, user} = message.command;
    const command = {argv, env, ...(cwd === undefined ? {} : {cwd}), ...(user === undefined ? {} : {user})};
    this.#capture = message.into === 'capture';
    if (!this.#capture) this.#mark(this.#startedFile, '');
    this.#process = await engine.features.exec(box, command, signal);
    this.#running();
    if (this.#stdin) this.#stdin.readable.pipe(this.#process.stdin);
    else this.#process.stdin.end();
    this.#process.stdin.on('error', () => this.#stdin?.drop());
    for await (const chunk of this.#process.output) this.#take(chunk, message.into);
    const exit = await this.#process.wait();
    output.flush();
    // Written for execs only: an engine forgets their ends, a main process's end it remembers.
    if (!this.#capture) this.#mark(this.#exitFile, JSON.stringify(exit));
    this.#end(exit);
  }

  #take(chunk: {stream: 'stdout' | 'stderr'; bytes: Uint8Array}, into: ExecMessage['into']): void {
    if (into === 'own') return this.#deps.output.write(chunk.stream, chunk.bytes);
    if (into === 'log') return this.#deps.output.write('log', chunk.bytes);
    const held = this.#captured.reduce((sum, part) => sum + part.length, 0);
    if (held < CAPTURE_BYTES) this.#captured.push(Buffer.from(chunk.bytes.subarray(0, CAPTURE_BYTES - held)));
  }

  get #exitFile(): string {
    return join(this.#deps.spoolDir, `${this.slot}.exit`);
  }

  #readExit(): Exit | undefined {
    if (!existsSync(this.#exitFile)) return undefined;
    return JSON.parse(readFileSync(this.#exitFile, 'utf8')) as Exit;
  }

  /** There from just before the engine is asked: an exec is never asked for twice, whoever died in between (R23). */
  get #startedFile(): string {
    return join(this.#deps.spoolDir, `${this.slot}.started`);
  }

  #mark(file: string, content: string): void {
    mkdirSync(this.#deps.spoolDir, {recursive: true, mode: 0o700});
    writeFileSync(file, content, {mode: 0o600});
  }

  #running(): void {
    this.#is = 'running';
    this.#markStarted();
    this.#deps.onState(this.state);
  }

  #end(exit: Exit): void {
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
    this.#deps.output.flush();
    this.#abort.abort();
    this.#markStarted();
    this.#deps.onState(this.state);
  }
}
