import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createClient, type Client} from '../../src/client/index.ts';
import {scaled, type Timing} from '../../src/config/index.ts';
import type {ReporterSetting} from '../../src/plugin-host/index.ts';
import {builtInReporters} from '../../src/reporters-built-in.ts';
import {type Server, startServer} from '../../src/server.ts';
import {startTestRedis, type TestRedis} from '../redis-for-tests.ts';

export interface ReportingServer extends AsyncDisposable {
  readonly redis: TestRedis;
  readonly client: Client;
  readonly dir: string;
  readonly server: Server;
  readonly logged: unknown[];
  /** One more on the same Redis and the same blobs. */
  second(): Promise<Server>;
  /** An event of the tenant, of the type `secret.set`. */
  happen(name?: string): Promise<void>;
}

export const quick: Timing = {...scaled(0.1), sweep: 200, reportFirst: 20, reportMost: 200, lease: 3_000, report: 1_500};

export interface ReportingOptions {
  readonly timing?: Partial<Timing>;
  readonly allow?: readonly string[];
  readonly timeoutMs?: number;
  readonly more?: readonly ReporterSetting[];
}

/** A whole server, without a worker, whose owner lets webhooks reach this machine. */
export async function startReportingServer(options: ReportingOptions = {}): Promise<ReportingServer> {
  const redis = await startTestRedis();
  const dir = mkdtempSync(join(tmpdir(), 'bxw-'));
  const logged: unknown[] = [];
  const keep = (fields: object, message: string) => void logged.push(message, fields);
  const webhook = {allow: options.allow ?? ['127.0.0.1'], timeoutMs: options.timeoutMs ?? 1_000};
  const plugins = join(import.meta.dirname, '../../../plugins/src/reporters');
  const clients: Client[] = [];
  const servers: Server[] = [];
  const start = async (local: string) => {
    const server = await startServer({
      dataDir: dir,
      blobDir: join(dir, 'blobs'),
      redisDir: join(dir, 'redis'),
      redisUrl: redis.url,
      searchPath: '',
      prefix: 'reports',
      listen: [{host: '127.0.0.1', port: 0}],
      localToken: join(dir, local),
      version: '0.0.0',
      timing: {...quick, ...options.timing},
      reporters: [...builtInReporters(plugins, 'index.ts', {webhook}), ...(options.more ?? [])],
      log: {info: keep, warn: keep, error: keep},
    });
    servers.push(server);
    const client = createClient({token: readFileSync(join(dir, local), 'utf8').trim()});
    clients.push(client);
    return {server, client};
  };
  const {server, client} = await start('token');
  let count = 0;
  return {
    redis,
    client,
    dir,
    server,
    logged,
    second: async () => (await start(`token-${servers.length}`)).server,
    happen: async (name = `secret-${(count += 1)}`) => void (await client.secretsSet({secret: name, body: {value: 'v'}})),
    [Symbol.asyncDispose]: async () => {
      for (const each of clients) each.close();
      for (const each of servers) await each.close();
      await redis[Symbol.asyncDispose]();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}
