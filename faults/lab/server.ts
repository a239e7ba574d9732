import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {files, paths} from '@boxyard/core/config';
import {Api} from './api.ts';
import {machineEnv, node, serverProgram} from './directories.ts';
import {Program} from './program.ts';
import {freePort} from '../primitives/redis.ts';
import {waitFor} from './wait-for.ts';

export interface ServerOptions {
  /** Below the lab's root. Two servers with one `dir` are one server started twice. */
  readonly dir: string;
  readonly listenOn?: string;
  readonly port?: number;
  /** A Redis of the lab; absent: the embedded one. */
  readonly redisUrl?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Another build's; absent: this checkout's. */
  readonly program?: string;
}

/** `boxyard server` in directories of its own. Its address and token stay the same over restarts. */
export class Server implements AsyncDisposable {
  readonly program: Program;
  readonly url: string;
  readonly dir: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;

  private constructor(options: ServerOptions, port: number) {
    const host = options.listenOn ?? '127.0.0.1';
    this.dir = options.dir;
    this.port = port;
    this.url = `${host.startsWith('127.') ? 'http' : 'https'}://${host}:${port}`;
    this.env = machineEnv(options.dir, {...(options.redisUrl ? {REDIS_URL: options.redisUrl} : {}), ...options.env});
    this.program = new Program({
      name: 'server',
      argv: [node, options.program ?? serverProgram, '--listen', `${host}:${port}`, ...(options.flags ?? [])],
      env: this.env,
      log: join(options.dir, 'server.log'),
    });
  }

  static async create(options: ServerOptions): Promise<Server> {
    return new Server(options, options.port ?? (await freePort()));
  }

  /** Healthy when it resolves. */
  async start(extra: Readonly<Record<string, string>> = {}): Promise<void> {
    this.program.start(extra);
    await this.healthy();
  }

  async healthy(within = 30_000): Promise<void> {
    const anonymous = new Api(this.url);
    await waitFor(
      async () => {
        if (!this.program.isRunning) throw new Error(`the server ended: ${this.program.log.slice(-2_000)}`);
        if ((await anonymous.call('GET', '/v1/health', {within: 2_000})).status !== 200) return false;
        return (await this.api.call('GET', '/v1/whoami', {within: 2_000})).status === 200;
      },
      {within, what: `the server at ${this.url} is healthy`},
    );
  }

  get token(): string {
    const file = files(paths(this.env)).localToken;
    if (!existsSync(file)) throw new Error(`the server wrote no token to ${file}`);
    return readFileSync(file, 'utf8').trim();
  }

  get api(): Api {
    return new Api(this.url, this.token);
  }

  /** Its embedded Redis, found as the process that has its directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
