import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {WebSocketServer} from 'ws';
import {openBlobs} from '../src/blobs/blobs.ts';
import {newId, scaled, type Timing} from '../src/config/index.ts';
import {type JobCore, startJobCore} from '../src/job-core.ts';
import type {RedisRim} from '../src/rim/redis.ts';
import type {Caller, KnownWorker} from '../src/services.ts';
import {createWorkerStore} from '../src/workers/store.ts';
import {type FakeAgent, type FakeAgentOptions, startFakeAgent} from './fake-agent.ts';

export interface TestCore extends AsyncDisposable {
  readonly core: JobCore;
  readonly rim: RedisRim;
  readonly caller: Caller;
  readonly faults: unknown[];
  readonly url: string;
  /** A worker of the tenant with a scripted agent. */
  agent(options?: FakeAgentOptions): Promise<FakeAgent>;
  close(): Promise<void>;
}

export interface TestCoreOptions {
  readonly rim: RedisRim;
  readonly timing?: Timing;
  readonly dir?: string;
  readonly tenant?: string;
  readonly limits?: {readonly devboxes: number; readonly sessions?: number; readonly historyDays: number; readonly folderBytes?: number};
  readonly workers?: Map<string, KnownWorker>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly mostUnfinished?: number;
  /** Machines that joined and did not connect. */
  readonly joined?: readonly {readonly worker: string; readonly name: string}[];
}

/** For ids of attempts that a test says were sent. */
export const attemptKey = Buffer.alloc(32, 'k');

/** The job core on a real Redis behind a bare WebSocket, whose token is the worker's id. */
export async function startTestCore(options: TestCoreOptions): Promise<TestCore> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'bxc-'));
  const tenant = options.tenant ?? newId('t');
  const faults: unknown[] = [];
  const timing = options.timing ?? scaled(0.1);
  const blobs = openBlobs({dir});
  const secretValues = options.secrets ?? {};
  const known = options.workers ?? new Map<string, KnownWorker>();
  const core = await startJobCore({
    rim: options.rim,
    timing,
    blobs,
    serverId: newId('e'),
    installation: 'test',
    attemptKey,
    webhookKey: Buffer.alloc(32, 'w'),
    secrets: {
      values: async (_tenant, _job, names) =>
        Object.fromEntries(names.flatMap(name => (name in secretValues ? [[name, secretValues[name]!]] : []))),
      setForJob: async () => undefined,
      forgetJob: async () => undefined,
    },
    tenants: {
      get: async () => ({
        minimumProfile: 'open',
        defaultProfile: 'open',
        limits: {devboxes: -1, sessions: -1, historyDays: 365, ...options.limits},
      }),
    },
    mostUnfinished: options.mostUnfinished,
    admitted: async () => options.joined ?? [],
    onFault: (error, about) => faults.push(about, error),
    onStuck: () => faults.push('stuck'),
  });
  const http = createServer();
  const sockets = new WebSocketServer({server: http});
  sockets.on('connection', (socket, request) => {
    const identity = known.get(request.headers.authorization ?? '');
    if (identity === undefined) return socket.close(4401);
    core.hub.accept(socket, request.socket, identity);
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const agents: FakeAgent[] = [];
  const caller: Caller = {tenant, actor: 'user:anna', access: 'owner'};
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    for (const agent of agents) agent.kill();
    await core.close();
    for (const socket of sockets.clients) socket.terminate();
    await new Promise(resolve => http.close(resolve));
    await blobs.close();
    if (options.dir === undefined) rmSync(dir, {recursive: true, force: true});
  };
  return {
    core,
    rim: options.rim,
    caller,
    faults,
    url,
    agent: async (more = {}) => {
      const worker = more.worker ?? newId('w');
      const name = more.name ?? `w${known.size + 1}`;
      const {invited, tenant: of = tenant} = more;
      known.set(worker, {worker, tenant: of, name, labels: invited});
      if (invited === undefined) await createWorkerStore(options.rim, 'test').ensure({id: worker, tenant: of, name});
      const agent = await startFakeAgent(url, {...more, worker, name});
      agents.push(agent);
      return agent;
    },
    close,
    [Symbol.asyncDispose]: async () => {
      await close();
      if (options.dir === undefined) rmSync(dir, {recursive: true, force: true});
    },
  };
}
