import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {asBoxyardError, type BoxyardError} from '../errors/index.ts';
import type {Kinds} from '../plugin-api/index.ts';
import {createFrom} from './create-plugin.ts';
import {invalid, loadPlugin, type ImportModule, type PluginSetting} from './load-plugin.ts';
import {createHost, type PluginLog} from './plugin-faults.ts';

export interface LoadDeps {
  readonly importModule: ImportModule;
  /** Each plugin gets a folder of its own in here, named after it. */
  readonly stateDir: string;
  readonly log: PluginLog;
  /** Told of each plugin that could not be loaded; the others are. */
  readonly onFailure: (setting: PluginSetting, error: BoxyardError) => void;
}

/**
 * Loads plugins of one kind, in the order of the settings, all at once. `guarded` checks what a plugin made and puts it behind
 * its guard. One that fails is reported and left out; of two with one name the second is.
 */
export const loadEach = async <K extends keyof Kinds, Loaded extends {readonly name: string}>(
  kind: K,
  settings: readonly PluginSetting[],
  deps: LoadDeps,
  guarded: (name: string, made: Kinds[K]) => Loaded,
): Promise<readonly Loaded[]> => {
  const load = async (setting: PluginSetting): Promise<Loaded> => {
    const {plugin, config} = await loadPlugin(kind, setting, deps.importModule);
    const stateDir = path.join(deps.stateDir, plugin.name);
    await mkdir(stateDir, {recursive: true, mode: 0o700});
    return guarded(plugin.name, await createFrom(plugin, config, createHost(plugin.name, stateDir, deps.log)));
  };
  const results = await Promise.allSettled(settings.map(load));
  const loaded: Loaded[] = [];
  for (const [index, result] of results.entries()) {
    const setting = settings[index] as PluginSetting;
    if (result.status === 'rejected') deps.onFailure(setting, asBoxyardError(result.reason));
    else if (loaded.some(one => one.name === result.value.name))
      deps.onFailure(setting, invalid(setting.module, 'name', `another plugin is already called ${result.value.name}`));
    else loaded.push(result.value);
  }
  return loaded;
};
