import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createAccess, type Access} from '../src/access/access.ts';
import {openInstallation} from '../src/access/installation.ts';
import type {Access as Level} from '../src/api/index.ts';
import {createClient, type Client} from '../src/client/index.ts';
import {randomBase32, timing, type Timing} from '../src/config/index.ts';
import {BoxyardError} from '../src/errors/index.ts';
import {openDoor, type DoorOptions} from '../src/door.ts';
import type {Http} from '../src/rim/http.ts';
import {createMetrics} from '../src/rim/metrics.ts';
import {addAgentRoute} from '../src/workers/routes-agents.ts';
import {memoryServices, type MemoryServices} from './memory-services.ts';
import {startTestRedis, type TestRedis} from './redis-for-tests.ts';

export interface TestDoor extends AsyncDisposable {
  readonly http: Http;
  readonly access: Access;
  readonly services: MemoryServices;
  readonly redis: TestRedis;
  readonly tenant: string;
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  readonly faults: unknown[];
  /** The owner's line, as the file has it. */
  readonly line: string;
  token(access: Level, tenant?: string): Promise<string>;
  client(token?: string): Client;
  /** The door closes and opens again on the same port, as after a restart. */
  reopen(): Promise<void>;
}

/** A whole door on a free port, over a private Redis. */
export async function startTestDoor(more: Partial<DoorOptions> & {timing?: Partial<Timing>} = {}): Promise<TestDoor> {
  const dir = mkdtempSync(join(tmpdir(), 'bxd-'));
  const redis = await startTestRedis();
  const rim = await redis.rim();
  const faults: unknown[] = [];
  const log = {info: () => undefined, warn: () => undefined, error: (fields: object) => void faults.push(fields)};
  const access = createAccess({
    redis: {ask: rim.ask, prefix: 'test'},
    installation: openInstallation(join(dir, 'blobs')),
    now: () => rim.clock.now(),
    timing: {...timing, ...more.timing},
    onFault: error => void faults.push(error),
  });
  const services = memoryServices();
  const open = (port: number) =>
    openDoor({
      access,
      services,
      metrics: createMetrics(),
      server: {version: '0.1.0', redisTrouble: rim.trouble},
      displayPage: join(import.meta.dirname, '../../../dist/display-page'),
      log,
      listen: [{host: '127.0.0.1', port}],
      blobDir: join(dir, 'blobs'),
      localToken: join(dir, 'config', 'local-token'),
      addSockets: http => addAgentRoute(http, access.workers, (socket, worker) => socket.send(JSON.stringify(worker))),
      ...more,
    });
  let http = await open(0);
  const {port} = http.listening[0]!;
  const line = readFileSync(join(dir, 'config', 'local-token'), 'utf8').trim();
  const clients: Client[] = [];
  const tenant = access.installation.tenants[0]!.id;
  return {
    get http() {
      return http;
    },
    access,
    services,
    redis,
    tenant,
    port,
    url: `http://127.0.0.1:${port}`,
    dir,
    faults,
    line,
    async token(level, of = tenant) {
      const {secret} = await access.tokens.create({tenant: of, actor: 'test'}, {name: `t${randomBase32(30)}`, access: level});
      return secret;
    },
    client(token = line) {
      const client = createClient({token, ...(token.startsWith('bxt_') ? {} : {server: `http://127.0.0.1:${port}`})});
      clients.push(client);
      return client;
    },
    async reopen() {
      await http.close();
      http = await open(port);
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      access.close();
      await http.close();
      await redis[Symbol.asyncDispose]();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof BoxyardError ? error.code : String(error);
  }
}
