import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {privateDir, newId, type Timing, timing as usualTiming} from './config/index.ts';
import {BoxyardError} from './errors/index.ts';
import {createAccess, type Access, type Reachable} from './access/access.ts';
import {openInstallation, type Installation} from './access/installation.ts';
import {openBlobs} from './blobs/blobs.ts';
import {type ListenAt, openDoor} from './door.ts';
import {type JobCore, startJobCore} from './job-core.ts';
import {openReporters, type ReporterSetting} from './plugin-host/index.ts';
import {type ReportCore, startReports} from './report-core.ts';
import {builtInReporters} from './reporters-built-in.ts';
import {createClock} from './rim/clock.ts';
import {type EmbeddedRedis, startEmbeddedRedis} from './rim/embedded-redis.ts';
import type {Http, HttpLog} from './rim/http.ts';
import {createMetrics, type Metrics} from './rim/metrics.ts';
import {checkFitness, isAway, openRedis, type RedisRim} from './rim/redis.ts';
import type {RedisTarget} from './rim/redis-target.ts';
import type {EventService} from './services.ts';
import {addAgentRoute} from './workers/routes-agents.ts';

const redisAgainMs = 1_000;

export interface ServerOptions {
  /** Everything the server keeps, unless named otherwise below; made 0700. */
  readonly dataDir: string;
  readonly blobDir: string;
  /** Another Redis than the embedded one. */
  readonly redisUrl?: string | undefined;
  readonly redisDir: string;
  /** Where the embedded Redis's program is looked for: PATH. */
  readonly searchPath: string;
  /** The embedded one, where it was started ahead. The server ends it, also where it rejects. */
  readonly redis?: EmbeddedRedis | undefined;
  /** Keys of another prefix let several servers of tests share one Redis. */
  readonly prefix?: string | undefined;
  readonly listen: readonly ListenAt[];
  readonly publicUrl?: string | undefined;
  readonly isInsecureBehindProxy?: boolean | undefined;
  /** Proxies whose `X-Forwarded-For` says who asks: addresses or `network/bits`. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly tlsFiles?: {readonly cert: string; readonly key: string} | undefined;
  readonly secretKey?: string | undefined;
  /** The owner token of the person on this machine is kept here. */
  readonly localToken: string;
  readonly version: string;
  readonly timing?: Timing | undefined;
  /** Plugins that tell the outside world; absent: those that come with Boxyard. */
  readonly reporters?: readonly ReporterSetting[] | undefined;
  /** What the threads of plugins run, beside the server's own program. */
  readonly reporterFile?: string | undefined;
  /** The folder of the page that shows a display in a browser; absent: where a build puts it. */
  readonly displayPage?: string | undefined;
  readonly log: HttpLog;
  /** Ends the wait for a Redis that does not answer; the start then rejects. */
  readonly signal?: AbortSignal | undefined;
  /** The server cannot go on (R19); whoever started it should end it and start another. */
  readonly onStuck?: (() => void) | undefined;
}

export interface Server {
  /** How this machine reaches it. */
  readonly url: string;
  readonly http: Http;
  readonly access: Access;
  /** Closes agents' sockets with 1012, then everything else, in reverse order; bounded. Idempotent. */
  close(): Promise<void>;
}

/** Everything of one server process. Resolves when it is ready; where it rejects nothing stays open. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).toReversed())
      await Promise.resolve(close()).catch((error: unknown) => options.log.error({err: error}, 'closing'));
  };
  try {
    const server = await compose(options, closers);
    let closing: Promise<void> | undefined;
    return {...server, close: () => (closing ??= closeAll())};
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function compose(options: ServerOptions, closers: (() => Promise<void> | void)[]): Promise<Omit<Server, 'close'>> {
  const {log} = options;
  const timing = options.timing ?? usualTiming;
  const rim = await openRim(options, closers);
  privateDir(options.blobDir);
  const installation = openInstallation(options.blobDir, options.secretKey);
  await claimBlobDir(rim, installation.id, options.blobDir);
  const blobs = openBlobs({dir: options.blobDir});
  closers.push(() => blobs.close());
  const redis = {ask: rim.ask, prefix: rim.keys.prefix};
  const access = createAccess({redis, installation, now: rim.clock.now, timing, onFault: error => log.error({err: error}, 'access')});
  closers.push(() => access.close());
  const core: JobCore = await startJobCore({
    rim,
    timing,
    blobs,
    serverId: newId('e'),
    installation: installation.id,
    attemptKey: installation.deriveKey('attempts'),
    webhookKey: installation.deriveKey('role webhooks'),
    secrets: access.secrets,
    tenants: {get: tenant => access.tenants.policy(tenant)},
    admitted: tenant => access.workers.admitted(tenant),
    onFault: (error, about) => log.error({err: error, about}, 'the job core met a fault'),
    onStuck: () => options.onStuck?.(),
  });
  closers.push(() => core.close());
  const metrics = createMetrics();
  const reports = await openReports(options, {rim, installation, events: core.services.events});
  closers.push(() => reports.close());
  const http = await openDoor({
    access,
    services: {...core.services, webhooks: reports.webhooks, plugins: reports.plugins},
    metrics,
    server: {version: options.version, redisTrouble: rim.trouble},
    displayPage: options.displayPage ?? join(import.meta.dirname, '../../../dist/display-page'),
    log,
    ...reachedBy(options),
    addSockets: door => addAgentRoute(door, access.workers, core.hub.accept),
  });
  closers.push(() => http.close());
  addFigures(metrics, {core, http, rim});
  closers.push(() => core.hub.close());
  return {url: options.publicUrl ?? nearUrl(access.reachable), http, access};
}

const reachedBy = ({listen, blobDir, tlsFiles, publicUrl, isInsecureBehindProxy, trustedProxies, localToken}: ServerOptions) => ({
  listen,
  blobDir,
  tlsFiles,
  publicUrl,
  isInsecureBehindProxy,
  trustedProxies,
  localToken,
});

const nearUrl = ({local, addresses}: Reachable): string =>
  `${local?.fingerprint === undefined ? 'http' : 'https'}://${local?.address ?? addresses[0] ?? ''}`;

interface ReportParts {
  readonly rim: RedisRim;
  readonly installation: Installation;
  readonly events: EventService;
}

function openReports(options: ServerOptions, {rim, installation, events}: ReportParts): Promise<ReportCore> {
  const {log} = options;
  const reporters = openReporters({
    settings: options.reporters ?? builtInReporters(join(import.meta.dirname, '../../plugins/src/reporters'), 'index.ts'),
    file: options.reporterFile ?? join(import.meta.dirname, 'reporter-main.ts'),
    stateDir: join(options.dataDir, 'plugins'),
    now: rim.clock.now,
    log: (level, message, fields) => (level === 'warn' ? log.warn(fields, message) : log.info(fields, message)),
  });
  return startReports({
    rim,
    timing: options.timing ?? usualTiming,
    reporters,
    events,
    key: installation.deriveKey('webhooks'),
    onFault: (error, about) => log.error({err: error, about}, 'a pump of reports met a fault'),
  });
}

/** What this process alone knows; nothing here asks Redis, so that figures come also while it is away. */
function addFigures(metrics: Metrics, {core, http, rim}: {core: JobCore; http: Http; rim: RedisRim}): void {
  metrics.gauge('boxyard_workers_connected', 'Workers connected to this server', () => core.hub.figures().connected);
  metrics.gauge(
    'boxyard_worker_takeovers',
    'Connections that took the place of another of the same worker',
    () => core.hub.figures().takeovers,
  );
  metrics.gauge('boxyard_sockets_open', 'WebSockets of agents and clients', () => http.sockets.size);
  metrics.gauge('boxyard_redis_ready', '1 while Redis answers', () => (rim.isReady() ? 1 : 0));
}

async function openRim(options: ServerOptions, closers: (() => Promise<void> | void)[]): Promise<RedisRim> {
  const {log, redisUrl, redisDir: dir, searchPath} = options;
  let target: RedisTarget = {url: redisUrl ?? ''};
  if (redisUrl === undefined) {
    const embedded = options.redis ?? (await startEmbeddedRedis({dir, searchPath, log}));
    closers.push(() => embedded.close());
    await embedded.ready;
    target = embedded.target;
  }
  const rim = await openWhenThere(options, target);
  closers.push(() => rim.close());
  const {warnings} = await checkFitness(rim);
  for (const warning of warnings) log.warn({}, warning);
  return rim;
}

/** An owner's Redis may come up later than we do: it is waited for, and said so. The embedded one is ours and has been started. */
async function openWhenThere({redisUrl, prefix, log, signal}: ServerOptions, target: RedisTarget): Promise<RedisRim> {
  for (let hasSaid = false; ; hasSaid = true) {
    try {
      return await openRedis(target, prefix ?? 'boxyard', createClock());
    } catch (error) {
      if (redisUrl === undefined || !isAway(error)) throw error;
      const why = ((error as Error).cause as Error).message;
      if (!hasSaid) log.warn({why}, 'Redis does not answer; it is asked again every second until it does');
      await delay(redisAgainMs, undefined, {signal});
    }
  }
}

/** One Redis, one installation: a second server on it must see the folder of the first (R2). */
async function claimBlobDir(rim: RedisRim, installation: string, dir: string): Promise<void> {
  const {installation: key} = rim.keys;
  const claimed = await rim.ask(async redis => {
    await redis.setnx(key, installation);
    return redis.get(key);
  });
  if (claimed !== installation) throw new BoxyardError('BLOB_DIR_NOT_SHARED', {dir});
}
