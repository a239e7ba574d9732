import {spawn} from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Buffer;
  /** Milliseconds; then the program is killed and the call rejects. */
  readonly within?: number;
}

/** Runs a program to its end; a non-zero exit is a value, and the kill by a signal is 128 + its number. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(argv[0]!, argv.slice(1), {
    env: options.env ?? process.env,
    cwd: options.cwd ?? '/',
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout!.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr!.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  const within = options.within ?? 60_000;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, within);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exit, signal) => resolve(exit ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));
    });
    const ran = {code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), bytes: Buffer.concat(out)};
    if (isLate)
      throw new Error(`${argv.join(' ')}: not ended within ${within} ms\n${ran.stdout.slice(-2_000)}\n${ran.stderr.slice(-2_000)}`);
    return ran;
  } finally {
    clearTimeout(timer);
  }
}

/** The same, but any exit other than 0 rejects with what the program said. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(argv, options);
  if (ran.code !== 0) throw new Error(`${argv.join(' ')}: exit ${ran.code}: ${ran.stderr.trim() || ran.stdout.trim()}`);
  return ran.stdout;
}
