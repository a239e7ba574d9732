import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {vi} from 'vitest';
import {setTimeout as delay} from 'node:timers/promises';
import {scaled} from '@boxyard/core/config';
import type {Step} from '@boxyard/core/protocol';
import {startAgent, type Agent, type AgentDeps} from '../src/agent.ts';
import type {AgentConfig} from '../src/config.ts';
import {runningHosts} from '../src/running-hosts.ts';
import {FakeServer} from './fake-server.ts';

const hostFile = join(import.meta.dirname, '../src/session-host/main.ts');
const sockets = ['/var/run/docker.sock', '/run/podman/podman.sock'];
const agentFile = join(import.meta.dirname, '../src/agent-main.ts');
// Engines answer slowly while other files' tests use them too.
vi.setConfig({testTimeout: 150_000});
export const timeScale = 0.05;

export async function waitFor<T>(what: () => T | undefined | false | Promise<T | undefined | false>, within = 60_000): Promise<T> {
  const until = Date.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const value = await what();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`not within ${within} ms: ${what.toString()}; last: ${String(last)}`);
    await delay(10);
  }
}

/** A server, a state directory, and agents on it; everything ends with the scope. */
export class Scene implements AsyncDisposable {
  readonly server: FakeServer;
  readonly dir = mkdtempSync(join(tmpdir(), 'bxa-'));
  readonly logs: string[] = [];
  readonly #agents: Agent[] = [];
  readonly #children: ChildProcess[] = [];
  stopped: Error | undefined;

  private constructor(server: FakeServer) {
    // Programs run as another user and must get to their folder; what is private has its own mode inside.
    chmodSync(this.dir, 0o755);
    this.server = server;
  }

  static async open(): Promise<Scene> {
    return new Scene(await FakeServer.start());
  }

  get stateDir(): string {
    return join(this.dir, 'agent');
  }

  config(change: Partial<AgentConfig> = {}): AgentConfig {
    return {
      url: this.server.url,
      credential: 'secret-credential',
      name: 'here',
      mode: 'byom',
      stateDir: this.stateDir,
      displays: [{module: 'vnc', config: {}}],
      engines: [{module: 'process', config: {enabled: true, root: join(this.dir, 'work'), user: 'nobody'}}],
      labels: {},
      logLevel: 'debug',
      ...change,
    };
  }

  async agent(change: Partial<AgentConfig> = {}, deps: Partial<AgentDeps> = {}): Promise<Agent> {
    const agent = await startAgent(this.config(change), {
      // A busy machine is not a dead server.
      // Engines are as slow in tests as anywhere.
      timing: {...scaled(timeScale), offlineAfter: 5_000, query: 5_000},
      env: {...process.env, BOXYARD_TIME_SCALE: String(timeScale)},
      version: '0.0.0',
      log: (message, fields) => void this.logs.push(`${message} ${JSON.stringify(fields)}`),
      hostProgram: {file: hostFile, isBundle: false},
      onStopped: error => void (this.stopped = error),
      ...deps,
    });
    this.#agents.push(agent);
    return agent;
  }

  async registered(change: Partial<AgentConfig> = {}, deps: Partial<AgentDeps> = {}): Promise<Agent> {
    const agent = await this.agent(change, deps);
    await waitFor(() => this.server.of('worker.register').length > 0);
    return agent;
  }

  /** An agent of its own process, which can be killed. */
  process(env: Record<string, string> = {}, config: object = {}, program = agentFile): ChildProcess {
    const file = join(this.dir, 'agent.yaml');
    const own = {
      url: this.server.url,
      token: 'secret-credential',
      name: 'here',
      engines: this.config().engines,
      dataDir: this.dir,
      ...config,
    };
    writeJson(file, own);
    const child = spawn(process.execPath, [program], {
      env: {...process.env, BOXYARD_AGENT_CONFIG: file, BOXYARD_TIME_SCALE: String(timeScale), XDG_CONFIG_HOME: this.dir, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => this.logs.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => this.logs.push(chunk.toString()));
    this.#children.push(child);
    return child;
  }

  result(job: string, within = 60_000) {
    return waitFor(() => this.server.results.get(job), within);
  }

  /** The result, and every byte it says there is. */
  async whole(job: string, within = 60_000) {
    const result = await this.result(job, within);
    await waitFor(
      () => (['stdout', 'stderr', 'log'] as const).every(name => this.server.output(job, name).length >= result.logEnd[name]),
      within,
    );
    return {
      result,
      stdout: this.server.output(job).bytes.toString(),
      stderr: this.server.output(job, 'stderr').bytes.toString(),
      log: this.server.output(job, 'log').bytes.toString(),
    };
  }

  get hostPid(): number | undefined {
    return runningHosts(this.stateDir)[0]?.pid;
  }

  /** What a failed test left on the engines. */
  #removeBoxes(): void {
    const machine = join(this.stateDir, 'machine');
    if (!existsSync(machine)) return;
    const filter = `label=io.boxyard.agent=${readFileSync(machine, 'utf8').trim()}`;
    for (const socket of sockets.filter(one => existsSync(one))) {
      const docker = (...args: string[]) =>
        spawnSync('docker', ['-H', `unix://${socket}`, ...args], {encoding: 'utf8'})
          .stdout?.trim()
          .split('\n')
          .filter(Boolean) ?? [];
      const left = docker('ps', '-aq', '--filter', filter);
      if (left.length > 0) docker('rm', '-f', ...left);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (process.env['BOXYARD_TEST_LOGS'])
      console.log(
        this.logs.join('\n'),
        existsSync(join(this.stateDir, 'session-host.log')) && readFileSync(join(this.stateDir, 'session-host.log'), 'utf8'),
      );
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.allSettled(this.#agents.map(agent => agent.close()));
    for (const {pid} of runningHosts(this.stateDir)) killQuietly(pid);
    this.#removeBoxes();
    await this.server.close();
    rmSync(this.dir, {recursive: true, force: true, maxRetries: 5});
  }
}

export function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** As a person's own file is: what holds a credential is refused where others may read it. */
const writeJson = (file: string, value: object) => writeFileSync(file, JSON.stringify(value), {mode: 0o600});

let boxes = 0;
/** Pull where an image is named, create, start, wait. */
export function runSteps(
  argv: string[],
  change: {
    image?: string;
    stdin?: boolean;
    secrets?: Extract<Step, {do: 'container.create'}>['secrets'];
    labels?: Record<string, string>;
    live?: string;
  } = {},
): Step[] {
  const box = `t${process.pid}-${Date.now().toString(36)}-${++boxes}`;
  const {image, stdin = false, secrets = [], labels = {}, live} = change;
  const spec = {
    name: box,
    labels: {'io.boxyard.kind': 'job', ...labels},
    main: argv,
    env: {},
    stdin,
    limits: {},
    mounts: [],
    readOnlyRoot: false,
    ...(image === undefined ? {} : {image}),
    ...(live === undefined ? {} : {live: {key: live}}),
  };
  return [
    ...(image === undefined ? [] : [{do: 'image.pull' as const, ref: image, always: false}]),
    {do: 'container.create', spec, secrets},
    {do: 'container.start', box, stdin},
    {do: 'container.wait', box},
  ];
}
