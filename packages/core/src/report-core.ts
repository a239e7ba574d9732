import type {Timing} from './config/index.ts';
import {createEventStore} from './events/store.ts';
import type {ReporterPlugin, Reporters} from './plugin-host/index.ts';
import {openReportPumps} from './reports/reports.ts';
import {activeSecrets, pluginConfig} from './reports/rules-record.ts';
import {createEndpointStore} from './reports/store-endpoints.ts';
import {createLetters, createReportStore} from './reports/store.ts';
import {createVault} from './reports/vault.ts';
import {createWebhookService} from './reports/webhooks.ts';
import type {RedisRim} from './rim/redis.ts';
import type {PluginView} from './api/index.ts';
import type {EventService, PluginService, WebhookService} from './services.ts';

export interface ReportCoreOptions {
  readonly rim: RedisRim;
  readonly timing: Timing;
  readonly reporters: Reporters;
  readonly events: EventService;
  /** What an endpoint's address and secrets are encrypted with. */
  readonly key: Buffer;
  readonly onFault: (error: unknown, about: string) => void;
}

export interface ReportCore {
  readonly webhooks: WebhookService;
  readonly plugins: PluginService;
  /** Ends the pumps and the threads of the plugins. */
  close(): Promise<void>;
}

/** A client waits 30 s for an answer. */
const longestTestMs = 25_000;

/** What tells the outside world: one pump per endpoint, and what people decide about them. */
export async function startReports({rim, timing, reporters, events, key, onFault}: ReportCoreOptions): Promise<ReportCore> {
  const vault = createVault(key);
  const eventStore = createEventStore(rim);
  const pumps = await openReportPumps({
    rim,
    timing,
    events,
    eventStore,
    onFault,
    store: createReportStore(rim, timing.lease),
    chance: Math.random,
    deliver: async (record, event) => {
      const now = rim.clock.now();
      const told = vault.open(record);
      const version = [record.v, ...activeSecrets(told, now).map(({createdAt}) => createdAt)].join('-');
      const instance = {id: record.id, version, config: pluginConfig(told, now)};
      return reporters.report(record.reporter, instance, {event, ms: timing.report});
    },
  });
  const webhooks = createWebhookService({
    endpoints: createEndpointStore(rim),
    letters: createLetters(rim),
    events: eventStore,
    vault,
    now: rim.clock.now,
    check: reporters.check,
    forget: reporters.forget,
    ring: (id, isNew = false) => {
      if (isNew) void pumps.refresh().catch((error: unknown) => onFault(error, id));
      pumps.nudge([id]);
    },
    testMs: longestTestMs,
  });
  return {
    webhooks,
    plugins: {ofServer: async () => (await reporters.list()).map(reporterView)},
    close: async () => {
      await pumps.close();
      await reporters.close();
    },
  };
}

const reporterView = ({name, origin, why, lastError}: ReporterPlugin): PluginView => ({
  name,
  kind: 'reporter',
  where: 'server',
  state: why === undefined ? 'usable' : 'not-loaded',
  why,
  module: origin?.module,
  version: origin?.version,
  integrity: origin?.integrity,
  isPinned: origin?.isPinned ?? false,
  features: [],
  enforces: [],
  lastError,
});
