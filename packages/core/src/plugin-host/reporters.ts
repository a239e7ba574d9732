import {BoxyardError, asBoxyardError} from '../errors/index.ts';
import type {BoxyardEvent} from '../plugin-api/index.ts';
import {originOf, type PluginOrigin} from './load-engines.ts';
import {invalid, type PluginSetting} from './load-plugin.ts';
import type {PluginLog} from './plugin-faults.ts';
import {createReporterThread, type ReporterThread} from './reporter-host.ts';
import type {Instance, Reported} from './reporter-wire.ts';

export interface ReporterSetting extends PluginSetting {
  /** Of those that come with Boxyard, which are loaded when they are first used; others say their name when they are loaded. */
  readonly name?: string | undefined;
  /** The owner's part of the config; it wins over an endpoint's. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

export interface ReportersOptions {
  readonly settings: readonly ReporterSetting[];
  /** The program of a thread. */
  readonly file: string;
  readonly stateDir: string;
  readonly log: PluginLog;
  readonly now: () => number;
}

/** One plugin as `plugins list` tells it. */
export interface ReporterPlugin {
  /** Its module's, where it was never loaded. */
  readonly name: string;
  /** Absent where it comes with Boxyard. */
  readonly origin?: PluginOrigin | undefined;
  /** Why it was not loaded. */
  readonly why?: string | undefined;
  /** What went wrong last, whenever that was. */
  readonly lastError?: {readonly message: string; readonly at: string} | undefined;
}

/** The reporter plugins of this server. */
export interface Reporters {
  list(): Promise<readonly ReporterPlugin[]>;
  /** `PLUGIN_CONFIG`; `NOT_FOUND` where no plugin is called so. */
  check(plugin: string, config: unknown): Promise<void>;
  /** Rejects with a `BoxyardError` only, within `ms` and a second. */
  report(plugin: string, instance: Instance, work: {readonly event: BoxyardEvent; readonly ms: number}): Promise<Reported>;
  forget(id: string): void;
  close(): Promise<void>;
}

interface Known {
  readonly setting: ReporterSetting;
  readonly thread: ReporterThread;
  name: string;
  why?: string;
  lastError?: ReporterPlugin['lastError'];
}

export function openReporters({settings, file, stateDir, log, now}: ReportersOptions): Reporters {
  const byName = new Map<string, Known>();
  const loading: Promise<void>[] = [];
  const all = settings.map((setting): Known => {
    const {name, config = {}} = setting;
    const known = {setting, name: name ?? setting.module};
    return {...known, thread: createReporterThread({...setting, name: known.name, config, file, stateDir, log})};
  });
  for (const known of all) {
    if (known.setting.name !== undefined) byName.set(known.name, known);
    else loading.push(load(known, byName, log));
  }
  const find = async (plugin: string): Promise<Known> => {
    if (!byName.has(plugin)) await Promise.all(loading);
    const known = byName.get(plugin);
    if (known === undefined) {
      const hint = `There are ${[...byName.keys()].join(', ')}.`;
      throw new BoxyardError('NOT_FOUND', {what: 'reporter', name: plugin, hint});
    }
    return known;
  };
  return {
    list: async () => {
      await Promise.all(loading);
      return Promise.all(all.map(async ({setting, name, why, lastError}) => ({name, origin: await originOf(setting), why, lastError})));
    },
    check: async (plugin, config) => (await find(plugin)).thread.check(config),
    report: async (plugin, instance, {event, ms}) => {
      const known = await find(plugin);
      return known.thread.report(instance, event, ms).catch((error: unknown) => {
        known.lastError = {message: asBoxyardError(error).message, at: new Date(now()).toISOString()};
        throw error;
      });
    },
    forget: id => all.forEach(({thread}) => thread.forget(id)),
    close: async () => void (await Promise.all(all.map(({thread}) => thread.close()))),
  };
}

/** A plugin says its own name; the second of one name, and one that cannot be loaded, is told and left out. */
async function load(known: Known, byName: Map<string, Known>, log: PluginLog): Promise<void> {
  const {module} = known.setting;
  try {
    known.name = await known.thread.load();
    if (byName.has(known.name)) throw invalid(module, 'name', `another plugin is already called ${known.name}`);
    byName.set(known.name, known);
  } catch (error) {
    const {code, message} = asBoxyardError(error);
    known.why = message;
    log('warn', 'a plugin was not loaded', {module, code, error: message});
  }
}
