import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {Engine, Host, Plugin} from '../plugin-api/index.ts';
import {createFrom} from './create-plugin.ts';
import type {Entering} from './guard-box.ts';
import {guardEngine} from './guard-engine.ts';
import {integrityOf} from './integrity.ts';
import {loadEach, type LoadDeps} from './load-each.ts';
import {invalid, loadPlugin, type PluginSetting} from './load-plugin.ts';
import {createHost} from './plugin-faults.ts';

export type EngineSetting = PluginSetting;

export interface LoadEnginesDeps extends LoadDeps {
  /** What is done around the loading of each. */
  readonly around?: (setting: EngineSetting, load: () => Promise<LoadedEngine>) => Promise<LoadedEngine>;
  readonly entering?: Entering | undefined;
}

/** What a config says of a plugin, and what was found: for `plugins list`. */
export interface PluginOrigin {
  readonly module: string;
  readonly version?: string | undefined;
  readonly integrity?: string | undefined;
  /** The config names an integrity, so that nothing else is ever run. */
  readonly isPinned: boolean;
}

/** `engine` is guarded: it rejects with `BoxyardError` only, in time, and returns nothing that the contract does not know. */
export interface LoadedEngine {
  readonly name: string;
  /** As its setting names it. */
  readonly module: string;
  readonly engine: Engine;
  /** The keys of `engine.features`, for the wire. */
  readonly features: readonly string[];
  /** Absent where it comes with Boxyard. */
  readonly origin?: PluginOrigin | undefined;
}

type OpenedEngine = Pick<LoadedEngine, 'name' | 'engine' | 'features'>;

/** Makes an engine of its definition, guarded. `PLUGIN_CONFIG`, `PLUGIN_INVALID`, `PLUGIN_FAILED`. */
export const openEngine = async (
  plugin: Plugin<'engine', unknown>,
  config: unknown,
  host: Host,
  entering?: Entering,
): Promise<OpenedEngine> => {
  const engine = await createFrom(plugin, config, host);
  checkShape(plugin.name, engine);
  const guarded = guardEngine(plugin.name, engine, entering);
  return {name: plugin.name, engine: guarded, features: Object.keys(guarded.features)};
};

const METHODS = ['probe', 'create', 'find', 'list'] as const;

/** Loads what it can, in the order of the settings, all at once; a plugin that fails is reported and left out. */
export const loadEngines = (settings: readonly EngineSetting[], deps: LoadEnginesDeps): Promise<readonly LoadedEngine[]> => {
  const around = deps.around ?? ((_, load) => load());
  return loadEach(settings, setting => around(setting, () => loadEngine(setting, deps)), deps.onFailure);
};

const loadEngine = async (setting: EngineSetting, deps: LoadEnginesDeps): Promise<LoadedEngine> => {
  const {plugin, config} = await loadPlugin('engine', setting, deps.importModule);
  const stateDir = path.join(deps.stateDir, plugin.name);
  await mkdir(stateDir, {recursive: true, mode: 0o700});
  const opened = await openEngine(plugin, config, createHost(plugin.name, stateDir, deps.log), deps.entering);
  return {...opened, module: setting.module, origin: await originOf(setting)};
};

/** Of a plugin that was found on this machine. */
export const originOf = async ({module, place, integrity}: PluginSetting): Promise<PluginOrigin | undefined> => {
  if (place === undefined) return undefined;
  const found = await integrityOf(place).catch(() => undefined);
  return {module, version: place.version, integrity: found, isPinned: integrity !== undefined};
};

const checkShape = (name: string, engine: unknown): void => {
  const found = (engine ?? {}) as Record<string, unknown>;
  const missing = METHODS.filter(method => typeof found[method] !== 'function');
  if (missing.length > 0) throw invalid(name, 'shape', `its engine has no ${missing.join(', ')}`);
  if (found['features'] === null || typeof found['features'] !== 'object') throw invalid(name, 'shape', 'its engine has no features');
};
