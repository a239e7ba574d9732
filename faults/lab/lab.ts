import {chmodSync, copyFileSync, globSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {JobView} from '@boxyard/core/api';
import type {Api} from './api.ts';
import {makeRoot, processesOf, projectRoot, sweep} from './directories.ts';
import {EngineView, joinedAs, removeNetwork, type ContainerEngine} from './engine-view.ts';
import {EventRecord} from './event-record.ts';
import {HostLedger} from './host-ledger.ts';
import {Server, type ServerOptions} from './server.ts';
import {Worker, type WorkerOptions} from './worker.ts';
import {waitUntil} from './wait-for.ts';
import {Redis} from '../primitives/redis.ts';
import {TcpProxy} from '../primitives/tcp-proxy.ts';
import {ledgerArguments, type LedgerPlan} from '../ledger/expected.ts';

export interface LabOptions {
  readonly server?: Partial<ServerOptions>;
  readonly workers?: readonly Partial<WorkerOptions>[];
  /** Engines whose containers are watched. */
  readonly containers?: readonly ContainerEngine[];
  readonly timeScale?: number;
  /** A Redis of the lab instead of the embedded one: reachable past the server, and through `redisLink` by it. */
  readonly externalRedis?: boolean;
  /** Where that one keeps its file, and how often it is synced; absent: below the lab's root, always. */
  readonly redisDir?: string;
  readonly redisSync?: 'always' | 'everysec';
}

/** A job the API accepted, and what must come of it. */
export interface Accepted {
  readonly id: string;
  readonly plan: LedgerPlan;
  readonly engine: string;
  /** Attempts there may be. */
  readonly attempts: number;
}

export interface SubmitOptions {
  readonly engine?: string;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly key?: string;
  /** Another server's voice than the lab's. */
  readonly through?: Api;
}

/**
 * A private Boxyard for one scenario: server, agents and the ledger below one directory. One owner: disposing ends every
 * process of it, removes its containers and its directory, whatever happened before.
 */
export class Lab implements AsyncDisposable {
  readonly root = makeRoot();
  readonly ledger: HostLedger;
  readonly accepted: Accepted[] = [];
  readonly engines = new Map<string, EngineView>();
  readonly #parts = new AsyncDisposableStack();
  readonly #options: LabOptions;
  readonly #onExit = () => this.#killAll();
  server!: Server;
  record!: EventRecord;
  redis!: Redis;
  /** What stands between the server and the external Redis. */
  redisLink!: TcpProxy;
  workers: Worker[] = [];

  private constructor(options: LabOptions) {
    this.#options = options;
    this.ledger = new HostLedger(join(this.root, 'ledger'));
    process.once('exit', this.#onExit);
  }

  static async open(options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.#build();
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const {server, workers, containers} = this.#options;
    copyFileSync(join(projectRoot, 'faults/ledger/ledger.sh'), join(this.root, 'ledger.sh'));
    chmodSync(join(this.root, 'ledger.sh'), 0o755);
    for (const name of containers ?? []) {
      const view = await EngineView.open(name);
      if (view === undefined) throw new Error(`${name} does not answer on this machine`);
      this.engines.set(name, this.own(view));
      await view.watch();
    }
    const dir = this.makeDir('s');
    const redisUrl = this.#options.externalRedis ? await this.#startRedis() : server?.redisUrl;
    this.server = this.own(await Server.create({dir, ...server, redisUrl, env: {...this.scale, ...server?.env}}));
    await this.server.start();
    this.record = this.own(await EventRecord.start(() => this.api));
    for (const [index, worker] of (workers ?? [{}]).entries()) await this.addWorker({name: `w${index + 1}`, ...worker});
  }

  async #startRedis(): Promise<string> {
    const {redisDir = join(this.root, 'redis'), redisSync = 'always'} = this.#options;
    this.redis = this.own(await Redis.create(redisDir, {appendfsync: redisSync}));
    this.redisLink = this.own(await TcpProxy.listen({port: this.redis.port}));
    return `redis://127.0.0.1:${this.redisLink.port}`;
  }

  get scale(): Readonly<Record<string, string>> {
    return {BOXYARD_TIME_SCALE: String(this.#options.timeScale ?? 0.1)};
  }

  get api(): Api {
    return this.server.api;
  }

  makeDir(name: string): string {
    const dir = join(this.root, name);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    return dir;
  }

  /** Released with the lab, last made first. */
  own<T extends AsyncDisposable>(part: T): T {
    return this.#parts.use(part);
  }

  /** Joined, started and online when it resolves. */
  async addWorker(options: Partial<WorkerOptions> & {readonly name: string}): Promise<Worker> {
    const worker = await Worker.join(this.api, {dir: this.makeDir(options.name), ...options, env: {...this.scale, ...options.env}});
    this.own(worker);
    this.workers.push(worker);
    worker.start();
    await worker.is(this.api, 'online');
    return worker;
  }

  /** Accepted when it resolves (the API said 2xx); from then on the checker holds the job to its promise. */
  async submit(plan: LedgerPlan, options: SubmitOptions = {}): Promise<Accepted> {
    const engine = options.engine ?? 'process';
    const body = await this.#request(plan, engine, options.request);
    const job = await (options.through ?? this.api).must<JobView>('POST', '/v1/jobs', {
      body,
      headers: {'idempotency-key': options.key ?? `${plan.key}-${this.accepted.length}`},
    });
    const accepted = {id: job.id, plan, engine, attempts: 1 + Number(options.request?.['retries'] ?? 0)};
    this.accepted.push(accepted);
    return accepted;
  }

  async #request(plan: LedgerPlan, engine: string, extra: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    if (engine === 'process')
      return {engine, command: ['sh', join(this.root, 'ledger.sh'), ...ledgerArguments(plan, this.ledger.dir)], ...extra};
    const view = this.engines.get(engine);
    if (view === undefined) throw new Error(`the lab was not opened with ${engine}`);
    return {
      engine,
      image: await view.ledgerImage(),
      command: ['ledger', ...ledgerArguments(plan)],
      memoryBytes: 64 * 1024 * 1024,
      ...extra,
    };
  }

  ended(id: string, within = 60_000): Promise<JobView> {
    return waitUntil(
      () => this.api.job(id),
      job => job.state === 'ended',
      {within, what: `${id} ends`},
    );
  }

  running(id: string, within = 30_000): Promise<JobView> {
    return waitUntil(
      () => this.api.job(id),
      job => job.state === 'running' || job.state === 'ended',
      {within, what: `${id} runs`},
    );
  }

  /** All accepted jobs ended with all their bytes stored; or by the server's own decision, where `mayStay` says it is the last. */
  async settle(within: number, mayStay: (accepted: Accepted, job: JobView) => boolean): Promise<void> {
    const end = Date.now() + within;
    for (const accepted of this.accepted)
      await waitUntil(
        () => this.api.job(accepted.id),
        job => job.state === 'ended' && (job.source === 'server' ? mayStay(accepted, job) : hasWholeLog(job)),
        {
          within: Math.max(1_000, end - Date.now()),
          what: `${accepted.id} ends with its whole log`,
        },
      );
  }

  /** Processes of the lab whose command line matches. */
  processes(pattern: RegExp): {pid: number; command: string}[] {
    return processesOf(this.root).filter(({command}) => pattern.test(command));
  }

  #killAll(): void {
    for (const {pid} of processesOf(this.root)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit);
    const ours = await this.ownContainers().catch(() => []);
    const tenants = new Set(this.workers.flatMap(({env}) => joinedAs(env)?.tenant ?? []));
    try {
      await this.#parts.disposeAsync();
    } finally {
      this.#keepLogs();
      for (const {engine, name} of ours) await this.engines.get(engine)?.remove(name);
      for (const tenant of tenants) await removeNetwork(tenant);
      await sweep(this.root);
    }
  }

  /** Where a person who looks for a fault may want to read on: every log of the lab, in a directory that stays. */
  #keepLogs(): void {
    const keep = process.env['BOXYARD_FAULT_LOGS'];
    if (keep === undefined) return;
    for (const log of globSync('**/*.log', {cwd: this.root})) {
      mkdirSync(join(keep, this.root.split('/').at(-1)!), {recursive: true});
      copyFileSync(join(this.root, log), join(keep, this.root.split('/').at(-1)!, log.replaceAll('/', '_')));
    }
  }

  /** Containers of this lab's jobs and DevBoxes, told apart from other labs' by their workers. */
  async ownContainers(): Promise<{engine: string; name: string; state: string}[]> {
    const ids = new Set([...this.accepted.map(job => job.id), ...this.workers.map(worker => worker.id)]);
    const lists = [...this.engines].map(async ([engine, view]) =>
      (await view.list())
        .filter(seen => Object.values(seen.labels).some(value => ids.has(value)))
        .map(seen => ({engine, name: seen.name, state: seen.state})),
    );
    return (await Promise.all(lists)).flat();
  }
}

/** Everything the job wrote is stored, or lies in a gap that says so. */
const hasWholeLog = ({logsComplete, have, logEnd}: JobView): boolean =>
  logsComplete ||
  (logEnd !== undefined && have !== undefined && (['stdout', 'stderr', 'log'] as const).every(name => have[name] === logEnd[name]));
