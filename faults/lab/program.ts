import {spawn, type ChildProcess} from 'node:child_process';
import {appendFileSync, closeSync, existsSync, openSync, readFileSync} from 'node:fs';
import {waitFor} from './wait-for.ts';

export interface ProgramOptions {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  readonly cwd?: string;
  /** A network namespace by name: the program keeps the machine's files and sees only that network. */
  readonly namespace?: string | undefined;
}

/**
 * One program of the lab, in a process group of its own, its output in `log`. It may be started again after it ended; who made
 * it disposes it, which kills the group.
 */
export class Program implements AsyncDisposable {
  readonly options: ProgramOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<{code: number | null; signal: NodeJS.Signals | null}> | undefined;

  constructor(options: ProgramOptions) {
    this.options = options;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.options.name} was not started`);
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get log(): string {
    return existsSync(this.options.log) ? readFileSync(this.options.log, 'utf8') : '';
  }

  /** `extra` adds to the environment of this start alone. */
  start(extra: Readonly<Record<string, string>> = {}): void {
    if (this.isRunning) throw new Error(`${this.options.name} runs already (pid ${this.pid})`);
    const {namespace, argv, env, log, cwd} = this.options;
    const command = namespace === undefined ? [...argv] : ['nsenter', `--net=/run/netns/${namespace}`, ...argv];
    appendFileSync(log, `-- ${this.options.name} starts\n`);
    const out = openSync(log, 'a');
    const child = spawn(command[0]!, command.slice(1), {
      env: {...env, ...extra},
      cwd: cwd ?? '/',
      detached: true,
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({code, signal}));
    });
    this.#ended.catch(error => appendFileSync(log, `-- cannot start: ${String(error)}\n`));
  }

  /** Only this process. */
  signal(name: NodeJS.Signals): void {
    if (this.isRunning) process.kill(this.pid, name);
  }

  /** kill -9 of this process alone, and gone when it resolves. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(this.pid, 'SIGKILL');
    await this.#ended;
  }

  /** kill -9 of the whole process group. */
  async killGroup(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(-this.pid, 'SIGKILL');
    await this.#ended;
  }

  async ended(within = 30_000): Promise<{code: number | null; signal: NodeJS.Signals | null}> {
    await waitFor(() => !this.isRunning, {within, what: `${this.options.name} ends`});
    return this.#ended!;
  }

  /** Asks, waits 10 s, then kills the group. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    await this.ended(10_000).catch(() => this.killGroup());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killGroup().catch(() => this.kill());
  }
}
