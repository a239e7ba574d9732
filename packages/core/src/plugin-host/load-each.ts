import {asBoxyardError, type BoxyardError} from '../errors/index.ts';
import {invalid, type ImportModule, type PluginSetting} from './load-plugin.ts';
import type {PluginLog} from './plugin-faults.ts';

export interface LoadDeps {
  readonly importModule: ImportModule;
  /** Each plugin gets a folder of its own in here, named after it. */
  readonly stateDir: string;
  readonly log: PluginLog;
  /** Told of each plugin that could not be loaded; the others are. */
  readonly onFailure: (setting: PluginSetting, error: BoxyardError) => void;
}

export interface Around<Loaded> {
  /** What is done around the loading of each. */
  readonly around?: (setting: PluginSetting, load: () => Promise<Loaded>) => Promise<Loaded>;
}

/** Loads what it can, in the order of the settings, all at once. One that fails is reported and left out; of two with one name the second is. */
export const loadEach = async <Loaded extends {readonly name: string}>(
  settings: readonly PluginSetting[],
  load: (setting: PluginSetting) => Promise<Loaded>,
  onFailure: LoadDeps['onFailure'],
): Promise<readonly Loaded[]> => {
  const results = await Promise.allSettled(settings.map(load));
  const loaded: Loaded[] = [];
  for (const [index, result] of results.entries()) {
    const setting = settings[index] as PluginSetting;
    if (result.status === 'rejected') onFailure(setting, asBoxyardError(result.reason));
    else if (loaded.some(one => one.name === result.value.name))
      onFailure(setting, invalid(setting.module, 'name', `another plugin is already called ${result.value.name}`));
    else loaded.push(result.value);
  }
  return loaded;
};
