import {cpSync, mkdirSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {Program} from '../lab/program.ts';
import {must, run} from '../lab/run-command.ts';
import {waitFor} from '../lab/wait-for.ts';
import type {Fault} from './fault.ts';

/** A Redis of the lab, outside Boxyard's care: persistent, `noeviction`, and willing to be hurt (`DEBUG` allowed). */
export class Redis implements AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  readonly program: Program;

  readonly #argv: string[];

  private constructor(dir: string, port: number, argv: string[]) {
    this.#argv = argv;
    this.dir = dir;
    this.port = port;
    this.program = new Program({name: 'redis', argv, env: {PATH: process.env['PATH'] ?? ''}, log: join(dir, 'redis.log'), cwd: dir});
  }

  static async create(dir: string, options: {replicaOf?: Redis; appendfsync?: 'always' | 'everysec'} = {}): Promise<Redis> {
    mkdirSync(dir, {recursive: true});
    const port = await freePort();
    const replica = options.replicaOf ? ['--replicaof', '127.0.0.1', String(options.replicaOf.port)] : [];
    const settings = [
      '--appendonly',
      'yes',
      '--appendfsync',
      options.appendfsync ?? 'always',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    const argv = ['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--dir', dir, ...settings, ...replica];
    const redis = new Redis(dir, port, [...argv, '--enable-debug-command', 'local', '--repl-diskless-sync-delay', '0']);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Up and answering when it resolves. */
  async start(): Promise<void> {
    this.program.start();
    await waitFor(async () => (await this.cli('ping')).trim() === 'PONG', {within: 20_000, what: 'redis answers'});
  }

  cli(...command: readonly string[]): Promise<string> {
    return must(['redis-cli', '-p', String(this.port), ...command], {within: 10_000});
  }

  /** From the next start on, loading takes so many milliseconds more for each key that is there now. */
  async slowDown(msPerKey: number): Promise<void> {
    await this.cli('bgrewriteaof');
    await waitFor(async () => /aof_rewrite_in_progress:0\s[^]*aof_last_bgrewrite_status:ok/.test(await this.cli('info', 'persistence')), {
      within: 10_000,
      what: 'the file is written anew',
    });
    this.#argv.push('--key-load-delay', String(Math.round(msPerKey * 1_000)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

/** F10: kill -9, `downMs` away, back with everything it had. */
export const redisAway = (redis: Redis): Fault => ({
  name: 'F10 Redis away',
  inject: () => redis.program.kill(),
  async heal() {
    if (!redis.program.isRunning) await redis.start();
  },
});

/** F10, the worse half: what was written between `inject` and the moment of the crash is forgotten. Call `crash` in between. */
export function redisForgets(redis: Redis): Fault & {crash(): Promise<void>} {
  const kept = join(redis.dir, 'kept');
  return {
    name: 'F10 Redis forgets its last writes',
    async inject() {
      await redis.cli('debug', 'sleep', '0');
      rmSync(kept, {recursive: true, force: true});
      cpSync(join(redis.dir, 'appendonlydir'), kept, {recursive: true});
    },
    async crash() {
      await redis.program.kill();
      rmSync(join(redis.dir, 'appendonlydir'), {recursive: true, force: true});
      cpSync(kept, join(redis.dir, 'appendonlydir'), {recursive: true});
      await mendAof(redis);
      await redis.start();
    },
    async heal() {
      if (!redis.program.isRunning) await redis.start();
      rmSync(kept, {recursive: true, force: true});
    },
  };
}

async function mendAof(redis: Redis): Promise<void> {
  await run(['redis-check-aof', '--fix', join(redis.dir, 'appendonlydir', 'appendonly.aof.manifest')], {input: 'y\n'});
}

/** F12: every write is refused with OOM while reads go on. */
export const redisFull = (redis: Redis): Fault => ({
  name: 'F12 Redis refuses writes',
  inject: async () => void (await redis.cli('config', 'set', 'maxmemory', '1')),
  heal: async () => void (await redis.cli('config', 'set', 'maxmemory', '0')),
});

/** F12: every client connection is cut. */
export const redisCutsClients = (redis: Redis): Fault => ({
  name: 'F12 CLIENT KILL',
  inject: async () => void (await redis.cli('client', 'kill', 'type', 'normal')),
  heal: async () => undefined,
});

/** F12: Redis answers nothing for so long. */
export const redisPauses = (redis: Redis, ms: number): Fault => ({
  name: `F12 CLIENT PAUSE ${ms}`,
  inject: async () => void (await redis.cli('client', 'pause', String(ms), 'all')),
  heal: async () => undefined,
});

/** F12: Redis does nothing at all for so many seconds; connections stand. */
export const redisHangs = (redis: Redis, seconds: number): Fault => ({
  name: `F12 DEBUG SLEEP ${seconds}`,
  // Its answer comes when it is over.
  inject: async () => void redis.cli('debug', 'sleep', String(seconds)).catch(() => undefined),
  heal: async () => void (await waitFor(async () => (await redis.cli('ping')).includes('PONG'), {within: 60_000, what: 'redis answers'})),
});

/** F10: Redis dies and comes back at once, and loads its file for about eight seconds: it answers, and says LOADING. */
export const redisLoads = (redis: Redis): Fault => ({
  name: 'F10 Redis loads',
  async inject() {
    const keys = Number(/keys=(\d+)/.exec(await redis.cli('info', 'keyspace'))?.[1] ?? 1);
    await redis.slowDown(8_000 / keys);
    await redis.program.kill();
    redis.program.start();
    await waitFor(async () => (await redis.cli('ping')).includes('LOADING'), {within: 10_000, every: 20, what: 'Redis is loading'});
  },
  heal: async () => void (await waitFor(async () => (await redis.cli('ping')).includes('PONG'), {within: 60_000, what: 'redis answers'})),
});

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
