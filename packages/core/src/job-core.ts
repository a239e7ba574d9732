import type {Blobs} from './blobs/blobs.ts';
import type {Timing} from './config/index.ts';
import {createDevBoxService} from './devboxes/devboxes.ts';
import {createStats} from './devboxes/stats.ts';
import {createFileService} from './devboxes/files.ts';
import {getDevBox} from './devboxes/store.ts';
import {createAudit} from './events/audit.ts';
import {createAuditStore} from './events/store-audit.ts';
import {childrenOf} from './jobs/store-lists.ts';
import {createFolderCore} from './folder-core.ts';
import {createImageService} from './images/images.ts';
import type {AcceptDeps, Tenants} from './jobs/store-prepare.ts';
import {createAlarm} from './jobs/alarm.ts';
import {createRunAgain} from './clusters/letting-in.ts';
import {sweepContexts} from './clusters/contexts.ts';
import {createRuns} from './clusters/runs.ts';
import {createClusterService} from './clusters/clusters.ts';
import {FanOut} from './jobs/fan-out.ts';
import {Gatherer} from './jobs/gather.ts';
import {createJobService} from './jobs/jobs.ts';
import {createLogService} from './jobs/logs.ts';
import {type LookOptions, createLook} from './jobs/look.ts';
import {Placement} from './jobs/placement.ts';
import {openJobQueue} from './jobs/queue.ts';
import {createReportService, keepProgress} from './jobs/reported.ts';
import {startSchedules} from './jobs/schedules.ts';
import {createTidy} from './jobs/tidy.ts';
import {slowestCursor} from './reports/store-endpoints.ts';
import type {RedisRim} from './rim/redis.ts';
import type {JobService, SecretValues, Services} from './services.ts';
import {createPortService} from './sessions/ports.ts';
import {createHub, type Hub} from './workers/hub.ts';
import {Presence} from './workers/presence.ts';
import {presenceOf} from './workers/rules.ts';
import {createOutboxes, listenToBell} from './workers/store-outbox.ts';
import {type WorkerServiceDeps, createWorkerService, learnAdmitted} from './workers/workers.ts';
import {createStorage} from './job-core-storage.ts';

export interface JobCoreOptions {
  readonly rim: RedisRim;
  readonly timing: Timing;
  readonly blobs: Blobs;
  /** Of this process; another after each start. */
  readonly serverId: string;
  readonly installation: string;
  /** Marks the ids of attempts; the same on every server and after every loss. */
  readonly attemptKey: Uint8Array;
  /** Seals the secrets by which callers outside sign for roles. */
  readonly webhookKey: Buffer;
  readonly secrets: SecretValues;
  readonly tenants: Tenants;
  readonly mostUnfinished?: number | undefined;
  readonly admitted: WorkerServiceDeps['admitted'];
  readonly onFault: (error: unknown, about: string) => void;
  readonly onStuck: () => void;
}

export interface JobCore {
  readonly services: Omit<Services, 'webhooks' | 'plugins'>;
  readonly hub: Hub;
  /** Looks at everything overdue, now: what the sweep does every 5 s. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** The job core of one server: parts built in the order they need each other, and released in the reverse one. */
export async function startJobCore(options: JobCoreOptions): Promise<JobCore> {
  const {rim, timing, blobs, onFault} = options;
  const closing = new AbortController();
  const parts = await createParts(options);
  const {hub, events, watchers, bells} = parts;
  const alarm = createAlarm({store: parts.store, aheadMs: timing.sweep * 2, nudge: parts.nudge, onFault: error => onFault(error, 'alarm')});
  bells.alarm = alarm;
  const services = createServices(options, parts);
  const {look, sweep} = createLookOf(options, parts, parts.folders.looks(services.clusters.run));
  bells.queue = openJobQueue({rim, look, onFailure: (thing, error) => onFault(error, thing), onStuck: options.onStuck});
  const tidy = createTidy({
    ...parts,
    blobs,
    events: parts.eventStore,
    tenants: options.tenants,
    ...parts.folders.tidy,
    sweepContexts: () => sweepContexts(rim, blobs),
    keepFrom: tenant => slowestCursor(rim, tenant, timing.reportEndpoint),
  });
  const audit = createAudit({events: parts.eventStore, store: createAuditStore(rim), files: blobs.audit});
  const onFailure = (name: string, error: unknown) => onFault(error, name);
  const schedules = await startSchedules({rim, sweepMs: timing.sweep, sweep, audit, tidy, onFailure});
  // The sweep is one server's at a time; that it lives each says itself, and each looks what the others changed.
  const living = setInterval(() => void Promise.allSettled([parts.marks.mark(), parts.news()]), timing.lease / 3);
  living.unref();
  const bell = listenToBell(rim, options.serverId, found => hub.ring(found), closing.signal);
  void bell.catch((error: unknown) => onFault(error, 'bell'));
  const onReturn = (isNewRun: boolean) =>
    void recover(options, parts, {isNewRun, sweep}).catch((error: unknown) => onFault(error, 'redis'));
  const stopReturn = rim.onReturn(({isNewRun}) => onReturn(isNewRun));
  return {
    services,
    hub,
    sweep,
    close: async () => {
      stopReturn();
      alarm.close();
      clearInterval(living);
      await hub.close();
      closing.abort();
      await schedules.close();
      await bells.queue.close();
      events.close();
      watchers.close();
      await parts.marks.clear().catch(() => undefined);
    },
  };
}

/** Redis answers again. If it is another run it may have rolled back: agents say what they hold before anything is placed (R3). */
async function recover(
  {rim, timing}: JobCoreOptions,
  parts: Parts,
  {isNewRun, sweep}: {isNewRun: boolean; sweep: () => Promise<void>},
): Promise<void> {
  const {store, table, workers, leases, hub, bells} = parts;
  store.forget();
  if (isNewRun) {
    bells.pausedUntil = rim.clock.monotonic() + timing.journalWait;
    await leases.raiseIncarnation();
  }
  table.reset(await workers.readAll());
  if (isNewRun) await hub.askJournals();
  hub.ring(table.all().map(entry => entry.record.id));
  bells.pausedUntil = 0;
  await sweep();
  bells.queue.nudge(table.all().map(entry => `w:${entry.record.id}`));
}

type Parts = Awaited<ReturnType<typeof createParts>>;

async function createParts(options: JobCoreOptions) {
  const storage = await createStorage(options);
  const {rim, timing, blobs, installation} = options;
  const {store, workers, table, news, leases, marks, events, nudge, bells, rings} = storage;
  const presence: Presence = new Presence({
    store,
    workers,
    table,
    news,
    leases,
    timing,
    isConnected: worker => hub.isConnected(worker),
    isHeldElsewhere: worker => marks.isHeldElsewhere(worker),
    nudge,
  });
  const folders = createFolderCore({rim, blobs, tenants: options.tenants, store, noteDue: storage.noteDue});
  const hub: Hub = createHub({
    store,
    folders: folders.ofJobs,
    workers,
    table,
    leases,
    outboxes: createOutboxes(rim),
    presence,
    blobs,
    secrets: options.secrets,
    reportSecrets: storage.reportSecrets,
    onProgress: (job, progress) =>
      void keepProgress({store, gauge: events.gauge}, job, progress).catch((error: unknown) => options.onFault(error, job.id)),
    timing,
    start: {installation, timing},
    nudge,
    onGauge: (tenant, object, values) => events.gauge(tenant, {object, values}),
    onFault: options.onFault,
  });
  rings.ring = worker => hub.ring([worker]);
  const learnJoined = (tenant: string) => learnAdmitted({admitted: options.admitted, table, workers}, tenant);
  const placement = new Placement({store, workers, table, news, learnJoined, pausedUntil: () => bells.pausedUntil});
  return {...storage, folders, presence, hub, placement, learnJoined};
}

function createLookOf(
  {blobs, timing}: JobCoreOptions,
  {store, table, placement, presence, bells, noteDue}: Parts,
  looks: Pick<LookOptions, 'cron' | 'watch' | 'kept'>,
) {
  return createLook({
    store,
    placement,
    fanOut: new FanOut(store),
    gatherer: new Gatherer({store, blobs, timing, noteDue}),
    ...looks,
    isSilent: worker => {
      const record = table.get(worker)?.record;
      return record === undefined || presenceOf(record) !== 'online';
    },
    presence: async () => {
      await presence.tick();
      await bells.alarm?.look();
    },
    nudge: things => bells.queue.nudge(things),
  });
}

function createServices(options: JobCoreOptions, parts: Parts): JobCore['services'] {
  const {store, table, watchers, hub, events, workers, placement, learnJoined} = parts;
  const {rim, blobs, timing} = options;
  const {admitted, secrets, tenants} = options;
  const accept: AcceptDeps = {store, table, blobs, secrets, tenants, learnJoined, timing};
  const findDevBox = (tenant: string, devbox: string) => getDevBox(rim, tenant, devbox);
  const jobs: JobService = createJobService({
    ...accept,
    watchers,
    accepting: job => placement.accepting(job),
    getDevBox: findDevBox,
    runAgain: createRunAgain({rim, cancel: (caller, job, reason) => jobs.cancel(caller, job, reason)}),
  });
  return {
    jobs,
    reports: createReportService({store, blobs, secrets: parts.reportSecrets, log: hub.log, gauge: events.gauge}),
    clusters: {
      ...createClusterService({rim, blobs, webhookKey: options.webhookKey, runRole: jobs.runRole, cancel: jobs.cancel}),
      ...createRuns({rim, jobs, readJobs: ids => store.readMany(ids), childrenOf: job => childrenOf(store, job)}),
    },
    folders: parts.folders.service,
    devboxes: {
      ...createDevBoxService(accept),
      stats: createStats({getDevBox: findDevBox, table, timing, ask: hub.ask}),
    },
    workers: createWorkerService({
      store,
      workers,
      table,
      news: parts.news,
      hub: () => hub,
      admitted,
      nudge: parts.nudge,
    }),
    terminals: {open: hub.openTerminal},
    displays: {view: hub.viewDisplay},
    files: createFileService({getDevBox: findDevBox, filesOn: hub.filesOn}),
    ports: createPortService({getDevBox: findDevBox, openPort: hub.openPort, openMs: timing.query * 3}),
    images: createImageService({table, isConnected: hub.isConnected, ask: hub.ask}),
    logs: createLogService({store, blobs, timing, onJob: (job, listener) => watchers.listen(job, listener)}),
    events,
  };
}
