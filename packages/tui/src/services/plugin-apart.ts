import {type ChildProcess, fork} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {CaseResult, Report} from '@boxyard/core/conformance';
import {BoxyardError, type WireError, fromWire} from '@boxyard/core/errors';
import type {Program} from '../cli/context.ts';
import type {VerifyWish} from './plugin-verify.ts';

/** What the process that tries a plugin is told. */
export type ToTrial =
  | {readonly type: 'begin'; readonly wish: VerifyWish; readonly program: Pick<Program, 'cwd' | 'root'>; readonly stateDir: string}
  | {readonly type: 'stop'};

/** What it says. `beat` comes all the time while its loop turns; `at` is what it is about. */
export type FromTrial =
  | {readonly type: 'beat'; readonly at: string}
  | {readonly type: 'say'; readonly line: string}
  | {readonly type: 'plan'; readonly cases: number}
  | {readonly type: 'result'; readonly result: CaseResult}
  | {readonly type: 'report'; readonly report: Report}
  | {readonly type: 'failed'; readonly error: WireError};

export interface ApartTools {
  readonly program: Pick<Program, 'cwd' | 'root' | 'env'>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly onPlan: (cases: number) => void;
  readonly onResult: (result: CaseResult) => void;
}

const usualCaseMs = 120_000;
/** A loop that has not turned for so long is taken to be one that never ends; a case that may take less gets less. */
const silentMs = {most: 20_000, least: 5_000};
const lookEveryMs = 250;
const heapMib = 1_024;
const memoryBytes = 3 * 1024 ** 3;
const mostShown = 16 * 1024;
const pageBytes = 4_096;

/**
 * Tries a plugin in a process of its own and in a folder of its own, which is gone afterwards: one that loops, ends its process, takes
 * all memory or floods its output ends with `PLUGIN_FAILED`, which names it, and what was going on. Rejects where there is nothing to try.
 */
export async function verifyApart(wish: VerifyWish, tools: ApartTools): Promise<Report> {
  // A socket's path is at most 107 bytes.
  const stateDir = mkdtempSync(join(tmpdir(), 'bxv-'));
  try {
    return await new Trial(wish, tools, stateDir).ended;
  } finally {
    rmSync(stateDir, {recursive: true, force: true, maxRetries: 3});
  }
}

class Trial {
  readonly ended: Promise<Report>;
  readonly #wish: VerifyWish;
  readonly #tools: ApartTools;
  readonly #child: ChildProcess;
  readonly #done = Promise.withResolvers<Report>();
  readonly #silentMs: number;
  readonly #looking: NodeJS.Timeout;
  /** `performance.now` of the last beat. */
  #heard = performance.now();
  #at = 'its module';
  #shown = 0;

  constructor(wish: VerifyWish, tools: ApartTools, stateDir: string) {
    this.#wish = wish;
    this.#tools = tools;
    this.#silentMs = Math.max(silentMs.least, Math.min(silentMs.most, wish.caseMs ?? usualCaseMs));
    const {cwd, root, env} = tools.program;
    this.#child = fork(join(root, 'dist/cli/verify-main.js'), {
      cwd,
      env,
      execArgv: [`--max-old-space-size=${heapMib}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.ended = this.#done.promise.finally(() => this.#release());
    this.#looking = setInterval(() => this.#look(), lookEveryMs);
    this.#listen();
    this.#send({type: 'begin', wish, program: {cwd, root}, stateDir});
    if (tools.signal.aborted) this.#stop();
    else tools.signal.addEventListener('abort', this.#stop, {once: true});
  }

  readonly #stop = (): void => this.#send({type: 'stop'});

  #listen(): void {
    this.#child.on('message', (message: FromTrial) => this.#hear(message));
    this.#child.on('error', error => this.#done.reject(error));
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (bytes: Buffer) => this.#show(bytes));
    this.#child.once('exit', (code, signal) =>
      this.#fail(`it ended the process that tried it (${signal ?? `exit ${code}`}${signal === 'SIGABRT' ? ', out of memory' : ''})`),
    );
  }

  #hear(message: FromTrial): void {
    this.#heard = performance.now();
    if (message.type === 'beat') this.#at = message.at;
    else if (message.type === 'say') this.#tools.say(message.line);
    else if (message.type === 'plan') this.#tools.onPlan(message.cases);
    else if (message.type === 'result') this.#tools.onResult(message.result);
    else if (message.type === 'report') this.#done.resolve(message.report);
    else this.#done.reject(fromWire(message.error));
  }

  /** What it writes is for a person, and not all of a flood. */
  #show(bytes: Buffer): void {
    if (this.#shown >= mostShown) return;
    this.#shown += bytes.length;
    this.#tools.say(bytes.subarray(0, mostShown).toString('utf8').trimEnd());
    if (this.#shown >= mostShown) this.#tools.say(`${this.#wish.module} writes more; the rest is left out.`);
  }

  #look(): void {
    if (performance.now() - this.#heard > this.#silentMs)
      return this.#fail(`nothing else ran for ${this.#silentMs / 1_000} s: it loops, or waits without letting go`);
    if (residentBytes(this.#child.pid) > memoryBytes) this.#fail(`it took more than ${memoryBytes / 1024 ** 3} GiB of memory`);
  }

  #fail(issue: string): void {
    const hint = 'What it made may be left behind.';
    this.#done.reject(new BoxyardError('PLUGIN_FAILED', {plugin: this.#wish.module, call: this.#at, issue}, {hint}));
  }

  #send(message: ToTrial): void {
    // One that has ended is told of by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #release(): void {
    clearInterval(this.#looking);
    this.#tools.signal.removeEventListener('abort', this.#stop);
    this.#child.kill('SIGKILL');
  }
}

/** 0 where the kernel does not say. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
  } catch {
    return 0;
  }
}
