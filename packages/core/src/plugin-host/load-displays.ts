import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {Display} from '../plugin-api/index.ts';
import {createFrom} from './create-plugin.ts';
import {guardDisplay} from './guard-display.ts';
import {type PluginOrigin, originOf} from './load-engines.ts';
import {loadEach, type Around, type LoadDeps} from './load-each.ts';
import {invalid, loadPlugin, type PluginSetting} from './load-plugin.ts';
import {createHost} from './plugin-faults.ts';

/** `display` is guarded: it rejects with `BoxyardError` only, in time. */
export interface LoadedDisplay {
  readonly name: string;
  readonly display: Display;
  /** Absent where it comes with Boxyard. */
  readonly origin?: PluginOrigin | undefined;
}

/** Loads what it can, in the order of the settings, all at once; a plugin that fails is reported and left out. */
export const loadDisplays = (
  settings: readonly PluginSetting[],
  deps: LoadDeps & Around<LoadedDisplay>,
): Promise<readonly LoadedDisplay[]> => {
  const around = deps.around ?? ((_, load) => load());
  return loadEach(settings, setting => around(setting, () => loadDisplay(setting, deps)), deps.onFailure);
};

const loadDisplay = async (setting: PluginSetting, deps: LoadDeps): Promise<LoadedDisplay> => {
  const {plugin, config} = await loadPlugin('display', setting, deps.importModule);
  const {name} = plugin;
  const stateDir = path.join(deps.stateDir, name);
  await mkdir(stateDir, {recursive: true, mode: 0o700});
  const display = await createFrom(plugin, config, createHost(name, stateDir, deps.log));
  if (typeof (display as Partial<Display> | null)?.open !== 'function') throw invalid(name, 'shape', 'its display has no open');
  return {name, display: guardDisplay(name, display), origin: await originOf(setting)};
};
