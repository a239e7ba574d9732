import {chmodSync, existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {files, paths} from '@boxyard/core/config';
import type {JobView} from '@boxyard/core/api';
import {Api} from '../faults/lab/api.ts';
import {boxyard, machineEnv, makeRoot, processesOf, sweep} from '../faults/lab/directories.ts';
import {EngineView, joinedAs, removeNetwork, type ContainerEngine} from '../faults/lab/engine-view.ts';
import {Program} from '../faults/lab/program.ts';
import {must, run, type Ran, type RunOptions} from '../faults/lab/run-command.ts';
import {waitFor, waitUntil} from '../faults/lab/wait-for.ts';
import {freePort} from '../faults/primitives/redis.ts';

/**
 * `boxyard up --no-dashboard` in directories of its own: what a person has after the first command. It may be killed and
 * started again; disposing leaves no process, container or file of it.
 */
export class Up implements AsyncDisposable {
  readonly root = makeRoot();
  readonly env: Readonly<Record<string, string>>;
  readonly program: Program;
  readonly port: number;
  readonly #onExit = () => processesOf(this.root).forEach(({pid}) => process.kill(pid, 'SIGKILL'));

  private constructor(port: number, extra: Readonly<Record<string, string>>, flags: readonly string[]) {
    this.port = port;
    this.env = machineEnv(this.root, extra);
    // A folder that others may enter, for what jobs of the engine process are to read or write.
    mkdirSync(join(this.root, 'open'));
    chmodSync(join(this.root, 'open'), 0o1777);
    this.program = new Program({
      name: 'up',
      argv: [boxyard, 'up', '--no-dashboard', '--listen', `127.0.0.1:${port}`, ...flags],
      env: this.env,
      log: join(this.root, 'up.log'),
    });
    process.once('exit', this.#onExit);
  }

  static async open(extra: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): Promise<Up> {
    const up = await Up.prepare(extra, flags);
    try {
      await up.start();
      return up;
    } catch (error) {
      await up[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Directories and a port, and nothing running yet. */
  static async prepare(extra: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): Promise<Up> {
    return new Up(await freePort(), extra, flags);
  }

  /** The log grows over restarts, so "ready" has to come after this start. */
  async start(): Promise<void> {
    const before = existsSync(this.program.options.log) ? this.program.log.length : 0;
    this.program.start();
    await waitFor(
      () => {
        if (/\bready\b/i.test(this.program.log.slice(before))) return true;
        if (!this.program.isRunning) throw new Error(`up ended: ${this.program.log.slice(-2_000)}`);
        return false;
      },
      {within: 40_000, what: 'boxyard up is ready'},
    );
  }

  get api(): Api {
    const file = files(paths(this.env)).localToken;
    return new Api(`http://127.0.0.1:${this.port}`, readFileSync(file, 'utf8').trim());
  }

  get path(): string {
    return join(this.root, 'open');
  }

  /** The CLI as this machine's person types it. */
  cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run([boxyard, ...args], {cwd: this.path, ...options, env: {...this.env, ...options.env}});
  }

  /** What it prints; an exit code other than 0 is an error. */
  async ok(...args: readonly string[]): Promise<string> {
    const ran = await this.cli(args);
    if (ran.code !== 0) throw new Error(`boxyard ${args.join(' ')}: exit ${ran.code}: ${ran.stderr}`);
    return ran.stdout;
  }

  async json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '-o', 'json')) as T;
  }

  /** The id of a job that goes on by itself. */
  async detached(...args: readonly string[]): Promise<string> {
    const [flags, command] = splitAt(args, '--');
    const ran = await this.cli(['run', '--detach', '-o', 'name', ...flags, '--', ...command]);
    if (ran.code !== 0) throw new Error(`run --detach: exit ${ran.code}: ${ran.stderr}`);
    return ran.stdout.trim().split('\n').at(-1)!;
  }

  ended(id: string, within = 40_000): Promise<JobView> {
    return waitUntil(
      () => this.api.job(id),
      job => job.state === 'ended',
      {within, what: `job ${id} ends`},
    );
  }

  /** kill -9 of the whole process group of `up`: server, agent, Redis. */
  killGroup(): Promise<void> {
    return this.program.killGroup();
  }

  processes(pattern: RegExp): {pid: number; command: string}[] {
    return processesOf(this.root).filter(({command}) => pattern.test(command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit);
    const joined = joinedAs(this.env);
    await this.program.killGroup().catch(() => undefined);
    await sweep(this.root);
    if (joined === undefined) return;
    await removeBoxes(joined.worker);
    await removeNetwork(joined.tenant);
  }
}

/** Either `up` starts the part again, or it ends and is started again as a person would. */
export async function killPart(up: Up, pattern: RegExp): Promise<void> {
  const found = await waitFor(() => up.processes(pattern)[0], {within: 10_000, what: `a process like ${pattern}`});
  process.kill(found.pid, 'SIGKILL');
  await waitFor(() => !up.program.isRunning || up.processes(pattern).some(({pid}) => pid !== found.pid), {
    within: 20_000,
    what: 'it comes back or up ends',
  });
  if (!up.program.isRunning) await up.start();
}

/** Containers that a worker left behind. */
export async function removeBoxes(worker: string): Promise<void> {
  for (const engine of ['docker', 'podman'] as const) {
    await using view = await EngineView.open(engine);
    for (const {name, labels} of (await view?.list({'io.boxyard.worker': worker})) ?? []) {
      await run([engine, 'rm', '-f', name]);
      if (engine === 'podman') await removeNetwork(String(labels['io.boxyard.tenant']));
    }
  }
}

function splitAt(args: readonly string[], mark: string): [readonly string[], readonly string[]] {
  const at = args.indexOf(mark);
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

export const baseImage = 'localhost/base:test';
export const desktopImage = 'localhost/desktop:test';

/** Which of the three engines this machine has; the missing ones are named once. */
export async function engines(): Promise<readonly ('process' | ContainerEngine)[]> {
  const found: ('process' | ContainerEngine)[] = ['process'];
  for (const engine of ['docker', 'podman'] as const) {
    await using view = await EngineView.open(engine);
    const hasImage = view !== undefined && (await run([engine, 'image', 'inspect', baseImage])).code === 0;
    if (hasImage) found.push(engine);
    else console.log(`skipped: ${engine} ${view === undefined ? 'does not answer here' : `has no ${baseImage}`}`);
  }
  return found;
}

export const hasImage = async (engine: ContainerEngine, image: string): Promise<boolean> =>
  (await run([engine, 'image', 'inspect', image])).code === 0;

/** Arguments that choose an engine and, for containers, the small image. */
export const on = (engine: string, image = baseImage): string[] => [
  '--engine',
  engine,
  ...(engine === 'process' ? [] : ['--image', image]),
];

export {must, run, waitFor, waitUntil};
