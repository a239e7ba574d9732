import type {JobView} from '../src/api/index.ts';
import {newAttemptId, newId} from '../src/config/index.ts';
import {BoxyardError} from '../src/errors/index.ts';
import {noReports} from './no-reports.ts';
import {nothingOfClusters} from './no-clusters.ts';
import type {Gap, OutputName} from '../src/protocol/index.ts';
import type {EventService, JobService, LogService, Services, TerminalHandlers, TerminalStream, TerminalToOpen} from '../src/services.ts';
import {noWebhooks} from './no-webhooks.ts';

type Handlers = Parameters<EventService['follow']>[2];

/** One viewer's stream as its worker sees it: what was said to it, and its handlers, by which the worker answers. */
export interface OpenedTerminal {
  readonly request: TerminalToOpen;
  readonly handlers: TerminalHandlers;
  readonly said: Parameters<TerminalStream['send']>[0][];
  isClosed: boolean;
}

/** Services that keep jobs and their bytes in memory, for tests of the doors in front of them. */
export interface MemoryServices extends Services {
  addJob(tenant: string): JobView;
  change(job: string, change: Partial<JobView>): void;
  write(job: string, stream: OutputName, bytes: string | Uint8Array): void;
  gap(job: string, gap: Gap): void;
  end(job: string): void;
  stdinOf(job: string): {bytes: Buffer; ended: boolean; gone: number};
  /** A job at a terminal, which runs on a worker that is there. */
  addSession(tenant: string): JobView;
  /** In the order of opening. */
  readonly openedTerminals: OpenedTerminal[];
  /** Jobs whose worker is not connected. */
  readonly away: Set<string>;
  readonly events: EventService & {readonly followers: Set<Handlers>; readonly asked: (string | undefined)[]};
}

interface Stored {
  view: JobView;
  /** By attempt, then by stream. */
  readonly attempts: Map<number, Record<OutputName, (Uint8Array | Gap)[]>>;
  stdin: Buffer;
  stdinEnded: boolean;
  gone: number;
  readonly watchers: Set<(view: JobView) => void>;
}

function offline(worker: string): never {
  throw new BoxyardError('WORKER_OFFLINE', {worker});
}

export function memoryServices(): MemoryServices {
  const all = new Map<string, Stored>();
  const wakers = new Set<() => void>();
  const find = (tenant: string, job: string): Stored => {
    const found = all.get(job);
    if (found?.view.tenant !== tenant) throw new BoxyardError('NOT_FOUND', {what: 'job', name: job});
    return found;
  };
  const changed = (stored: Stored) => {
    for (const watcher of stored.watchers) watcher(stored.view);
    for (const wake of [...wakers]) wake();
  };
  const known = (job: string) => all.get(job)!;
  const openedTerminals: OpenedTerminal[] = [];
  const away = new Set<string>();
  return {
    openedTerminals,
    away,
    terminals: {
      open(worker, request, handlers) {
        if (worker !== onlineWorker.id || away.has(request.job)) throw new BoxyardError('WORKER_OFFLINE', {worker});
        const opened: OpenedTerminal = {request, handlers, said: [], isClosed: false};
        openedTerminals.push(opened);
        return {send: command => void opened.said.push(command), close: () => void (opened.isClosed = true)};
      },
    },
    displays: {view: offline},
    ports: {find: notFound, open: ({worker}) => offline(worker)},
    ...nothingOfClusters,
    reports: noReports,
    files: {stat: notFound, get: notFound, put: notFound},
    addSession(tenant) {
      const view = this.addJob(tenant);
      this.change(view.id, {
        worker: onlineWorker,
        session: {
          attention: {is: 'busy', since: 0, outputAt: 0},
          title: '',
          lastLine: '',
          size: {columns: 80, rows: 24},
          viewers: 0,
        },
      });
      return known(view.id).view;
    },
    addJob(tenant) {
      const view = newJob(tenant);
      all.set(view.id, {
        view,
        attempts: new Map(),
        stdin: Buffer.alloc(0),
        stdinEnded: false,
        gone: 0,
        watchers: new Set(),
      });
      return view;
    },
    change(job, change) {
      known(job).view = {...known(job).view, ...change, v: known(job).view.v + 1};
      changed(known(job));
    },
    write(job, stream, bytes) {
      streamsOf(known(job))[stream].push(Buffer.from(bytes as Uint8Array));
      changed(known(job));
    },
    gap(job, gap) {
      streamsOf(known(job))[gap.stream].push(gap);
      changed(known(job));
    },
    end(job) {
      known(job).view = {...known(job).view, state: 'ended', outcome: 'succeeded', exit: {code: 0}};
      changed(known(job));
    },
    stdinOf: job => ({bytes: known(job).stdin, ended: known(job).stdinEnded, gone: known(job).gone}),
    jobs: jobService(find, all),
    logs: logService(find, wakers),
    ...others(),
  };
}

const notFound = async (_tenant: string, name: string): Promise<never> => {
  throw new BoxyardError('NOT_FOUND', {what: 'DevBox', name});
};

function streamsOf(stored: Stored, attempt = stored.view.attempt.number): Record<OutputName, (Uint8Array | Gap)[]> {
  const found = stored.attempts.get(attempt) ?? {stdout: [], stderr: [], log: []};
  stored.attempts.set(attempt, found);
  return found;
}

const onlineWorker = {id: newId('w'), name: 'online'};

function newJob(tenant: string): JobView {
  const needs = {features: [], enforces: [], labels: {}, memoryBytes: 0, slots: 1, profile: 'open' as const};
  const policy = {
    labels: {},
    needs,
    profile: 'open' as const,
    secrets: [],
    graceMs: 1,
    retries: 0,
    priority: 0,
    ifLost: 'fail' as const,
    idempotent: false,
  };
  const box = {env: {}, stdin: true, limits: {}, mounts: [], readOnlyRoot: false};
  return {
    id: newId('j'),
    kind: 'run',
    tenant,
    state: 'running',
    attempt: {number: 1, id: newAttemptId()},
    phases: [],
    logsComplete: false,
    actor: 'token:t',
    createdAt: new Date(0).toISOString(),
    spec: {kind: 'run', ...policy, box, out: []},
    v: 1,
  };
}

function jobService(find: (tenant: string, job: string) => Stored, all: ReadonlyMap<string, Stored>): JobService {
  const refuse = async (): Promise<never> => {
    throw new BoxyardError('UNSUPPORTED', {what: 'this'});
  };
  return {
    run: async (caller, request) => {
      if (request.command?.[0] === 'crash') throw new Error('secret detail');
      return {...newJob(caller.tenant), actor: caller.actor};
    },
    liveSessions: async () => 0,
    runRole: refuse,
    exec: refuse,
    display: refuse,
    pull: refuse,
    build: refuse,
    removeImage: refuse,
    show: async (tenant, job) => find(tenant, job).view,
    list: async tenant => ({items: [...all.values()].map(each => each.view).filter(each => each.tenant === tenant)}),
    result: async (tenant, job) => find(tenant, job).view.id,
    cancel: async (caller, job) => find(caller.tenant, job).view,
    retry: async (caller, job) => find(caller.tenant, job).view,
    watch: async (tenant, job, onChange) => {
      const stored = find(tenant, job);
      stored.watchers.add(onChange);
      onChange(stored.view);
      return () => stored.watchers.delete(onChange);
    },
  };
}

function logService(find: (tenant: string, job: string) => Stored, wakers: Set<() => void>): LogService {
  const lengthOf = (parts: readonly (Uint8Array | Gap)[]) => parts.reduce((sum, part) => sum + sizeOf(part), 0);
  return {
    async have(tenant, job) {
      const streams = streamsOf(find(tenant, job));
      const have = {stdout: lengthOf(streams.stdout), stderr: lengthOf(streams.stderr), log: lengthOf(streams.log)};
      return {have, gaps: Object.values(streams).flatMap(parts => parts.filter(part => 'reason' in part))};
    },
    async *read(tenant, job, stream, {from, follow, attempt, signal}) {
      const stored = find(tenant, job);
      let position = from;
      while (!signal.aborted) {
        yield* partsAfter(streamsOf(stored, attempt)[stream], position);
        position = Math.max(position, lengthOf(streamsOf(stored, attempt)[stream]));
        if (!follow || stored.view.state === 'ended') return;
        await new Promise<void>(resolve => {
          const wake = () => {
            wakers.delete(wake);
            resolve();
          };
          wakers.add(wake);
          signal.addEventListener('abort', wake, {once: true});
        });
      }
    },
    async writeStdin(tenant, job, offset, bytes) {
      const stored = find(tenant, job);
      if (stored.view.state === 'ended') throw new BoxyardError('CONFLICT', {what: 'the job', issue: 'has ended'});
      if (offset <= stored.stdin.length) stored.stdin = Buffer.concat([stored.stdin.subarray(0, offset), bytes]);
      return stored.stdin.length;
    },
    stdinLength: async (tenant, job) => ({length: find(tenant, job).stdin.length, ended: find(tenant, job).stdinEnded}),
    endStdin: async (tenant, job) => void (find(tenant, job).stdinEnded = true),
    stdinClientGone: (tenant, job) => void (find(tenant, job).gone += 1),
    stdinClientHere: () => undefined,
    async upload(_tenant, bytes) {
      let length = 0;
      for await (const chunk of bytes) length += chunk.length;
      return {blob: newId('u'), bytes: length};
    },
    async times(tenant, job, stream) {
      const length = lengthOf(streamsOf(find(tenant, job))[stream]);
      return {marks: length === 0 ? [] : [{offset: 0, at: 0}], length};
    },
    async out(tenant, job) {
      find(tenant, job);
      return {
        bytes: 3,
        read: async function* () {
          yield Buffer.from('tar');
        },
      };
    },
  };
}

const sizeOf = (part: Uint8Array | Gap) => ('reason' in part ? part.to - part.from : part.length);

function* partsAfter(parts: readonly (Uint8Array | Gap)[], from: number) {
  let at = 0;
  for (const part of [...parts]) {
    const size = sizeOf(part);
    if (at + size > from) yield 'reason' in part ? {gap: part} : {offset: Math.max(at, from), bytes: part.subarray(Math.max(0, from - at))};
    at += size;
  }
}

function others(): Pick<MemoryServices, 'devboxes' | 'workers' | 'images' | 'events' | 'webhooks' | 'plugins'> {
  const missing =
    (what: string) =>
    async (_by: unknown, name: unknown): Promise<never> => {
      throw new BoxyardError('NOT_FOUND', {what, name: String(name)});
    };
  const none = async () => ({items: []});
  const followers = new Set<Handlers>();
  const asked: (string | undefined)[] = [];
  const box = missing('object');
  return {
    devboxes: {create: box, list: none, show: box, stats: box, start: box, stop: box, snapshot: box, remove: box, restore: box, adopt: box},
    workers: {list: none, show: box, label: box, cordon: box, drain: box, remove: box},
    ...noWebhooks(missing('webhook'), none),
    images: {
      list: async () => ({items: [], missing: []}),
      check: async (_tenant, ref) => ({ref, workers: []}),
      find: async () => undefined,
    },
    events: {
      followers,
      asked,
      follow: async (_tenant, after, handlers) => {
        asked.push(after);
        followers.add(handlers);
        return () => followers.delete(handlers);
      },
    },
  };
}
