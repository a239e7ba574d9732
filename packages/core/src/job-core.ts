import type {Blobs} from './blobs/blobs.ts';
import type {Timing} from './config/index.ts';
import {createDevBoxService} from './devboxes/devboxes.ts';
import {createStats} from './devboxes/stats.ts';
import {createFileService} from './devboxes/files.ts';
import {getDevBox} from './devboxes/store.ts';
import {createAudit} from './events/audit.ts';
import {createEventHub} from './events/events.ts';
import {createAuditStore} from './events/store-audit.ts';
import {createEventStore} from './events/store.ts';
import {createImageService} from './images/images.ts';
import type {AcceptDeps, Tenants} from './jobs/store-prepare.ts';
import {type Alarm, createAlarm} from './jobs/alarm.ts';
import {lookAtCron} from './clusters/crons.ts';
import {createClusterService} from './clusters/clusters.ts';
import {FanOut} from './jobs/fan-out.ts';
import {createJobService} from './jobs/jobs.ts';
import {createLogService} from './jobs/logs.ts';
import {createLook} from './jobs/look.ts';
import {Placement} from './jobs/placement.ts';
import {openJobQueue, type JobQueue} from './jobs/queue.ts';
import {dueAt, hasEnded, isOnWorker, type JobRecord} from './jobs/rules-record.ts';
import {startSchedules} from './jobs/schedules.ts';
import {createAttemptIds} from './jobs/attempt-ids.ts';
import {JobStore} from './jobs/store.ts';
import {createTidy} from './jobs/tidy.ts';
import {JobWatchers} from './jobs/watchers.ts';
import {slowestCursor} from './reports/store-endpoints.ts';
import type {RedisRim} from './rim/redis.ts';
import type {SecretValues, Services} from './services.ts';
import {createPortService} from './sessions/ports.ts';
import {createHub, type Hub} from './workers/hub.ts';
import {Presence} from './workers/presence.ts';
import {presenceOf} from './workers/rules.ts';
import {createLeases} from './workers/store-connect.ts';
import {createOutboxes, listenToBell} from './workers/store-outbox.ts';
import {createServerMarks} from './workers/store-servers.ts';
import {createWorkerStore} from './workers/store.ts';
import {WorkerTable} from './workers/table.ts';
import {type WorkerServiceDeps, createWorkerService, learnAdmitted} from './workers/workers.ts';

export interface JobCoreOptions {
  readonly rim: RedisRim;
  readonly timing: Timing;
  readonly blobs: Blobs;
  /** Of this process; another after each start. */
  readonly serverId: string;
  readonly installation: string;
  /** Marks the ids of attempts; the same on every server and after every loss. */
  readonly attemptKey: Uint8Array;
  readonly secrets: SecretValues;
  readonly tenants: Tenants;
  readonly mostUnfinished?: number | undefined;
  readonly admitted: WorkerServiceDeps['admitted'];
  readonly onFault: (error: unknown, about: string) => void;
  readonly onStuck: () => void;
}

export interface JobCore {
  readonly services: Omit<Services, 'webhooks'>;
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
  const {look, sweep} = createLookOf(parts, (cluster, role) => lookAtCron({rim, run: services.clusters.run}, cluster, role));
  bells.queue = openJobQueue({rim, look, onFailure: (thing, error) => onFault(error, thing), onStuck: options.onStuck});
  const tidy = createTidy({
    ...parts,
    blobs,
    events: parts.eventStore,
    tenants: options.tenants,
    keepFrom: tenant => slowestCursor(rim, tenant, timing.reportEndpoint),
  });
  const audit = createAudit({events: parts.eventStore, store: createAuditStore(rim), files: blobs.audit});
  const onFailure = (name: string, error: unknown) => onFault(error, name);
  const schedules = await startSchedules({rim, sweepMs: timing.sweep, sweep, audit, tidy, onFailure});
  // The sweep is one server's at a time; that it lives each says itself.
  const living = setInterval(() => void parts.marks.mark().catch(() => undefined), timing.lease / 3);
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

/** What is set once the queue is open, and while placement rests. */
interface Bells {
  queue: JobQueue;
  pausedUntil: number;
  alarm?: Alarm;
}

const silentQueue: JobQueue = {nudge: () => undefined, close: async () => undefined};

async function createParts(options: JobCoreOptions) {
  const storage = await createStorage(options);
  const {rim, timing, blobs, installation} = options;
  const {store, workers, table, leases, marks, events, nudge, bells, rings} = storage;
  const presence: Presence = new Presence({
    store,
    workers,
    table,
    leases,
    timing,
    isConnected: worker => hub.isConnected(worker),
    isHeldElsewhere: worker => marks.isHeldElsewhere(worker),
    nudge,
  });
  const hub: Hub = createHub({
    store,
    workers,
    table,
    leases,
    outboxes: createOutboxes(rim),
    presence,
    blobs,
    secrets: options.secrets,
    timing,
    start: {installation, timing},
    nudge,
    onGauge: (tenant, object, values) => events.gauge(tenant, {object, values}),
    onFault: options.onFault,
  });
  rings.ring = worker => hub.ring([worker]);
  const learnJoined = (tenant: string) => learnAdmitted({admitted: options.admitted, table, workers}, tenant);
  const placement = new Placement({store, workers, table, learnJoined, pausedUntil: () => bells.pausedUntil});
  return {...storage, presence, hub, placement, learnJoined};
}

async function createStorage(options: JobCoreOptions) {
  const {rim, timing, serverId} = options;
  const workers = createWorkerStore(rim);
  const table = new WorkerTable();
  table.reset(await workers.readAll());
  for (const entry of table.all()) entry.used = await workers.used(entry.record.id);
  await rim.ask(redis => redis.setnx(rim.keys.incarnation, '1'));
  const bells: Bells = {queue: silentQueue, pausedUntil: 0};
  const rings: {ring: (worker: string) => void} = {ring: () => undefined};
  const nudge = (things: readonly string[]) => bells.queue.nudge(things);
  const watchers: JobWatchers = new JobWatchers(() => store);
  const onChange = (before: JobRecord | undefined, after: JobRecord) => {
    watchers.changed(after);
    // The bell rings too, for whichever server holds the socket; here it need not be waited for.
    if (isOnWorker(after) && after.worker !== undefined && (before?.state === 'queued' || before?.cancel !== after.cancel))
      rings.ring(after.worker.id);
    noteRoom(table, before, after);
    const at = dueAt(after);
    if (at !== undefined && at > 0) bells.alarm?.note(at);
    if (hasOwnSecretsLeft(before, after))
      void options.secrets.forgetJob(after.tenant, after.id).catch((error: unknown) => options.onFault(error, after.id));
  };
  const store: JobStore = new JobStore({
    rim,
    timing,
    attemptIds: createAttemptIds(options.attemptKey),
    nudge,
    onChange,
    onDamaged: id => options.onFault(new Error('what Redis has under the key of this job is no record of it'), id),
    mostUnfinished: options.mostUnfinished,
  });
  const leases = createLeases(rim, {id: serverId, url: ''});
  const marks = createServerMarks(rim, serverId, timing.lease);
  await marks.mark();
  const eventStore = createEventStore(rim);
  return {workers, table, bells, rings, nudge, watchers, store, leases, marks, eventStore, events: createEventHub(eventStore)};
}

/** One-job secrets go with the outcome; those of children are their parent's. */
const hasOwnSecretsLeft = (before: JobRecord | undefined, after: JobRecord): boolean =>
  hasEnded(after) && !(before && hasEnded(before)) && after.parent === undefined && after.spec.secrets.length > 0;

function createLookOf({store, table, placement, presence, bells}: Parts, cron: (cluster: string, role: string) => Promise<void>) {
  return createLook({
    store,
    placement,
    fanOut: new FanOut(store),
    cron,
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

/** Keeps this server's view of reservations near the truth between readings: what ends frees. */
function noteRoom(table: WorkerTable, before: JobRecord | undefined, after: JobRecord): void {
  if (before === undefined || !isOnWorker(before) || isOnWorker(after) || before.worker === undefined) return;
  const entry = table.get(before.worker.id);
  if (entry === undefined) return;
  if (after.outcome === 'succeeded' && after.image !== undefined) entry.images.add(after.image.ref);
  if (after.outcome === 'succeeded' && after.spec.kind === 'image.remove') entry.images.delete(after.spec.ref);
  const {slots, memoryBytes} = after.spec.needs;
  const keepsMemory = after.outcome === 'succeeded' && (after.kind === 'devbox.create' || after.kind === 'devbox.start');
  entry.used = {slots: Math.max(0, entry.used.slots - slots), memory: Math.max(0, entry.used.memory - (keepsMemory ? 0 : memoryBytes))};
}

function createServices(options: JobCoreOptions, parts: Parts): JobCore['services'] {
  const {store, table, watchers, hub, events, workers, placement, learnJoined} = parts;
  const {rim, blobs, timing} = options;
  const {admitted, secrets, tenants} = options;
  const accept: AcceptDeps = {store, table, blobs, secrets, tenants, learnJoined, timing};
  const jobs = createJobService({
    ...accept,
    watchers,
    accepting: job => placement.accepting(job),
    getDevBox: (tenant, devbox) => getDevBox(rim, tenant, devbox),
  });
  return {
    jobs,
    clusters: createClusterService({rim, runRole: jobs.runRole, cancel: jobs.cancel}),
    devboxes: {
      ...createDevBoxService(accept),
      stats: createStats({getDevBox: (tenant, devbox) => getDevBox(rim, tenant, devbox), table, timing, ask: hub.ask}),
    },
    workers: createWorkerService({
      store,
      workers,
      table,
      hub: () => hub,
      admitted,
      nudge: parts.nudge,
    }),
    terminals: {open: hub.openTerminal},
    displays: {view: hub.viewDisplay},
    files: createFileService({getDevBox: (tenant, devbox) => getDevBox(rim, tenant, devbox), filesOn: hub.filesOn}),
    ports: createPortService({
      getDevBox: (tenant, devbox) => getDevBox(rim, tenant, devbox),
      openPort: hub.openPort,
      openMs: timing.query * 3,
    }),
    images: createImageService({table, isConnected: hub.isConnected, ask: hub.ask}),
    logs: createLogService({store, blobs, timing, onJob: (job, listener) => watchers.listen(job, listener)}),
    events,
  };
}
