import {BoxyardError, asBoxyardError} from '../errors/index.ts';
import type {BoxyardEvent} from '../plugin-api/index.ts';
import type {PluginLog} from './plugin-faults.ts';
import {createReporterThread, type ReporterThread} from './reporter-host.ts';
import type {Instance, Reported} from './reporter-wire.ts';

export interface ReporterSetting {
  readonly module: string;
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
}

/** The reporter plugins of this server. */
export interface Reporters {
  /** `PLUGIN_CONFIG`; `NOT_FOUND` where no plugin is called so. */
  check(plugin: string, config: unknown): Promise<void>;
  /** Rejects with a `BoxyardError` only, within `ms` and a second. */
  report(plugin: string, instance: Instance, work: {readonly event: BoxyardEvent; readonly ms: number}): Promise<Reported>;
  forget(id: string): void;
  close(): Promise<void>;
}

export function openReporters({settings, file, stateDir, log}: ReportersOptions): Reporters {
  const byName = new Map<string, ReporterThread>();
  const all: ReporterThread[] = [];
  const loading: Promise<void>[] = [];
  const failed = (module: string, error: unknown) => {
    const {code, message} = asBoxyardError(error);
    log('warn', 'a plugin was not loaded', {module, code, error: message});
  };
  for (const {module, name, config = {}} of settings) {
    const thread = createReporterThread({module, name: name ?? module, config, file, stateDir, log});
    all.push(thread);
    if (name !== undefined) byName.set(name, thread);
    else
      loading.push(
        thread.load().then(
          found => void byName.set(found, byName.get(found) ?? thread),
          error => failed(module, error),
        ),
      );
  }
  const find = async (plugin: string): Promise<ReporterThread> => {
    if (!byName.has(plugin)) await Promise.all(loading);
    const thread = byName.get(plugin);
    if (thread === undefined) {
      const hint = `There are ${[...byName.keys()].join(', ')}.`;
      throw new BoxyardError('NOT_FOUND', {what: 'reporter', name: plugin, hint});
    }
    return thread;
  };
  return {
    check: async (plugin, config) => (await find(plugin)).check(config),
    report: async (plugin, instance, {event, ms}) => (await find(plugin)).report(instance, event, ms),
    forget: id => all.forEach(thread => thread.forget(id)),
    close: async () => void (await Promise.all(all.map(thread => thread.close()))),
  };
}
