import type {DevBoxStatsView, DevBoxView, EventView, JobView, WorkerView} from '@boxyard/core/api';

export interface PoolSize {
  readonly workers: number;
  readonly devboxes: number;
  readonly jobs: number;
}
interface GaugeItem {
  readonly object: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Workers, DevBoxes and jobs that change when `next` says so; what is listed is what was told. */
export interface Pool {
  /** Of ten things that happen six are a DevBox's, three a job's, and one is a worker's heartbeat. */
  next(): EventView | GaugeItem;
  gauge(worker: number, cpu: number): GaugeItem;
  /** The body for a path of /v1; undefined where there is nothing. */
  answer(path: string, query: URLSearchParams): string | undefined;
}

const dayMs = 86_400_000;
const created = new Date(Date.now() - 5 * dayMs).toISOString();
const at = (list: readonly string[], n: number): string => list[n % list.length]!;
const images = ['docker.io/library/debian:12', 'docker.io/library/node:24', 'localhost/app:latest'];
const four = (n: number): string => String(n).padStart(4, '0');

const workerOf = (n: number): WorkerView => ({
  id: `w-${four(n)}`,
  name: `worker-${four(n)}`,
  tenant: 't-bench',
  presence: 'online',
  status: 'ready',
  hostname: `host-${n}`,
  platform: 'linux',
  arch: 'x64',
  cpuCount: 16,
  memoryTotal: 64 * 1024 ** 3,
  agentVersion: '0.1.0',
  engines: [{name: 'podman', usable: true, version: '4.3.1', features: ['exec', 'stats'], enforces: ['memory'], labels: {}}],
  labels: {zone: at(['north', 'south', 'east'], n)},
  slots: {total: 4, free: 3},
  memory: {total: 64 * 1024 ** 3, free: 32 * 1024 ** 3},
  devboxes: 10,
  jobs: 0,
  heartbeat: {cpuUsage: 12, memoryFree: 40 * 1024 ** 3, diskTotal: 1e12, diskFree: 5e11, containersRunning: 10},
  lastHeartbeatAt: new Date().toISOString(),
  orphans: [],
  createdAt: created,
  v: 1,
});

const devboxOf = (n: number, workers: number): DevBoxView => ({
  id: `d-${four(n)}`,
  name: `box-${four(n)}`,
  tenant: 't-bench',
  state: n % 5 === 0 ? 'stopped' : 'running',
  ...(n % 5 === 0 ? {reason: 'stopped by lena'} : {}),
  worker: {id: `w-${four(n % workers)}`, name: `worker-${four(n % workers)}`},
  engine: 'podman',
  image: at(images, n),
  branch: at(['main', 'feature/login', 'fix/leak'], n),
  profile: 'standard',
  egress: 'unrestricted',
  capabilities: [],
  memoryBytes: 2 * 1024 ** 3,
  waiting: [],
  box: `boxyard-d-${four(n)}-1`,
  seenAt: created,
  generation: 1,
  actor: 'lena',
  createdAt: created,
  v: 1,
});

const jobOf = (n: number, workers: number, now: string): JobView => ({
  id: `j-${String(n).padStart(26, 'a')}`,
  kind: 'run',
  tenant: 't-bench',
  state: 'running',
  worker: {id: `w-${four(n % workers)}`, name: `worker-${four(n % workers)}`},
  engine: 'podman',
  attempt: {number: 1, id: '0'.repeat(32)},
  phases: [],
  logsComplete: false,
  actor: 'lena',
  createdAt: now,
  startedAt: now,
  spec: {kind: 'run', box: {main: ['sh', '-c', `make test-${n}`], image: at(images, n)}, profile: 'standard'} as unknown as JobView['spec'],
  v: 1,
});

/** A list whose page is made of what did not change since the last time, and little else. */
class Listed<T extends {readonly id: string}> {
  readonly items = new Map<string, T>();
  readonly #texts = new Map<string, string>();

  put(item: T): void {
    this.items.set(item.id, item);
    this.#texts.delete(item.id);
  }

  drop(id: string): void {
    this.items.delete(id);
    this.#texts.delete(id);
  }

  page(keep: (item: T) => boolean = () => true): string {
    const texts = [...this.items.values()].filter(keep).map(item => {
      const text = this.#texts.get(item.id) ?? JSON.stringify(item);
      this.#texts.set(item.id, text);
      return text;
    });
    return `{"items":[${texts.join(',')}],"schemaVersion":1}`;
  }
}

export function createPool(size: PoolSize): Pool {
  const workers = new Listed<WorkerView>();
  const devboxes = new Listed<DevBoxView>();
  const jobs = new Listed<JobView>();
  for (let n = 0; n < size.workers; n++) workers.put(workerOf(n));
  for (let n = 0; n < size.devboxes; n++) devboxes.put(devboxOf(n, size.workers));
  for (let n = 0; n < size.jobs; n++) jobs.put(n % 2 === 0 ? jobOf(n, size.workers, created) : ended(jobOf(n, size.workers, created)));
  const lists: Readonly<Record<string, Listed<WorkerView> | Listed<DevBoxView> | Listed<JobView>>> = {workers, devboxes, jobs};
  const happenings = new Happenings(size, {workers, devboxes, jobs});
  return {
    next: () => happenings.next(),
    gauge: (worker, cpu) => happenings.gauge(worker, cpu),
    answer(path, query) {
      const [, , list = '', id, more] = path.split('/');
      if (list === 'whoami') return JSON.stringify(whoAmI);
      if (list === 'health') return JSON.stringify({status: 'ok', version: '0.1.0', installation: 'bench', redis: 'ok'});
      if (list === 'images') return '{"items":[],"missing":[],"schemaVersion":1}';
      if (more === 'stats') return JSON.stringify(statsNow());
      const state = query.get('state');
      if (list === 'jobs' && id === undefined) return jobs.page(job => state === null || job.state === state);
      if (id === undefined) return lists[list]?.page();
      const found = lists[list]?.items.get(id);
      return found === undefined ? undefined : JSON.stringify(found);
    },
  };
}

const whoAmI = {
  actor: 'lena',
  access: 'owner',
  token: 'bench',
  tenant: {id: 't-bench', name: 'bench'},
  server: {version: '0.1.0', installation: 'bench'},
};

const statsNow = (): DevBoxStatsView => ({
  cpuPercent: 12,
  memoryBytes: 300 * 1024 ** 2,
  memoryLimitBytes: 2 * 1024 ** 3,
  pids: 12,
  at: new Date().toISOString(),
});

const ended = (job: JobView): JobView => ({
  ...job,
  state: 'ended',
  outcome: 'succeeded',
  exit: {code: 0},
  endedAt: job.createdAt,
  v: job.v + 1,
});

interface Lists {
  readonly workers: Listed<WorkerView>;
  readonly devboxes: Listed<DevBoxView>;
  readonly jobs: Listed<JobView>;
}

class Happenings {
  readonly #size: PoolSize;
  readonly #lists: Lists;
  #count = 0;
  #newest: number;
  #begun = false;
  #seed = 42;

  constructor(size: PoolSize, lists: Lists) {
    this.#size = size;
    this.#lists = lists;
    this.#newest = size.jobs;
  }

  next(): EventView | GaugeItem {
    this.#count += 1;
    const kind = this.#count % 10;
    if (kind < 6) return this.#box();
    return kind < 9 ? this.#job() : this.gauge(this.#any(this.#size.workers), this.#any(100));
  }

  gauge(n: number, cpu: number): GaugeItem {
    const {workers} = this.#lists;
    const worker = workers.items.get(`w-${four(n)}`)!;
    const values = {...worker.heartbeat!, cpuUsage: cpu};
    workers.put({...worker, heartbeat: values, lastHeartbeatAt: new Date().toISOString()});
    return {object: `workers/${worker.id}`, values};
  }

  #box(): EventView {
    const {devboxes} = this.#lists;
    const old = devboxes.items.get(`d-${four(this.#any(this.#size.devboxes))}`)!;
    const {reason: _why, ...rest} = old;
    const state = old.state === 'running' ? ({state: 'stopped', reason: 'stopped by lena'} as const) : ({state: 'running'} as const);
    const next: DevBoxView = {...rest, ...state, v: old.v + 1};
    devboxes.put(next);
    return this.#event('devbox.changed', `devboxes/${next.id}`, {name: next.name, v: next.v, seen: next.state});
  }

  /** By turns one ends and one begins, for which the oldest is forgotten. */
  #job(): EventView {
    const {jobs} = this.#lists;
    this.#begun = !this.#begun;
    const going = this.#begun ? undefined : [...jobs.items.values()].find(each => each.state === 'running');
    if (going === undefined) jobs.drop([...jobs.items.values()].find(each => each.state === 'ended')!.id);
    const next = going === undefined ? jobOf(this.#newest++, this.#size.workers, new Date().toISOString()) : ended(going);
    jobs.drop(next.id);
    jobs.put(next);
    const {v, kind, state, outcome, exit, worker} = next;
    return this.#event(`job.${state}`, `jobs/${next.id}`, {v, kind, state, outcome, exit, worker, attempt: 1});
  }

  #event(type: string, subject: string, data: Record<string, unknown>): EventView {
    return {
      specversion: '1.0',
      id: `e-${this.#count}`,
      type,
      source: 'boxyard',
      subject,
      time: new Date().toISOString(),
      tenant: 't-bench',
      actor: 'server',
      seq: `1.${this.#count}`,
      data,
    };
  }

  /** The same sequence in every run. */
  #any(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#seed % below;
  }
}
