import {spawn, type ChildProcess} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import type {Lab} from './lab.ts';

export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Everything it wrote so far, both streams. */
  output(): string;
  /** Asks the process group to end, kills it after 5 s. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a program in a process group of its own and waits until it has written `ready`. The lab stops it. */
export async function startChild(lab: Lab, program: Program, ready?: RegExp, within = 30_000): Promise<Child> {
  const [command, ...rest] = program.argv;
  const child = spawn(command, rest, {
    cwd: program.cwd ?? lab.dir,
    env: program.env ?? lab.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const keep = (bytes: Buffer) => (written = (written + bytes.toString('latin1')).slice(-200_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const handle: Child = {pid: child.pid ?? 0, process: child, output: () => written, stop: () => stopGroup(child)};
  lab.own(handle, ({stop}) => stop());
  await (ready ? line(handle, ready, {argv: program.argv, within}) : started(child));
  return handle;
}

const started = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });

/** Resolves when `ready` was written; rejects when the program ends before it, or is too slow. */
function line(child: Child, ready: RegExp, {argv, within}: {argv: readonly string[]; within: number}): Promise<void> {
  const {process: program} = child;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => settle(() => reject(new Error(`${argv.join(' ')} ${why}: ${child.output().slice(-600)}`)));
    const timer = setTimeout(() => fail(`did not say "${ready.source}" within ${within} ms`), within);
    const onData = () => ready.test(child.output()) && settle(resolve);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      program.stdout?.off('data', onData);
      program.stderr?.off('data', onData);
      then();
    };
    program.stdout?.on('data', onData);
    program.stderr?.on('data', onData);
    program.once('error', error => fail(error.message));
    program.once('exit', code => fail(`ended with ${code}`));
  });
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function stopGroup(child: ChildProcess): Promise<void> {
  if (!child.pid) return;
  const ended = hasEnded(child) ? Promise.resolve() : new Promise(resolve => child.once('exit', resolve));
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
  // What the group's leader left behind.
  signalGroup(child.pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
}

/** Milliseconds from fork to exit. Rejects when the exit code is not 0, with what the program wrote. */
export function timeProgram(program: Program): Promise<number> {
  const [command, ...rest] = program.argv;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, rest, {cwd: program.cwd, env: program.env, stdio: ['ignore', 'pipe', 'pipe']});
    let written = '';
    child.stdout.on('data', (bytes: Buffer) => (written += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (written += bytes.toString()));
    child.once('error', reject);
    child.once('close', code => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new Error(`${program.argv.join(' ')} ended with ${code}: ${written.slice(-600)}`));
    });
  });
}

/** Resident bytes and consumed CPU milliseconds of a process that lives, all its threads, from /proc. */
export function usage(pid: number): {readonly rssBytes: number; readonly cpuMs: number} {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // Nanoseconds on a core; the ticks of `stat` are too coarse for what does next to nothing.
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map(task =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return {rssBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024, cpuMs: nanoseconds.reduce((sum, ns) => sum + ns, 0) / 1e6};
}
