import {join} from 'node:path';
import {loadDisplays} from '@boxyard/core/plugin-host';
import type {AgentConfig} from './config.ts';
import {findPlugins} from './engine-loading.ts';
import {Displays} from './displays.ts';

type Log = (message: string, fields?: object) => void;

/** The displays that come with Boxyard, by the names a config may use; written out so that a bundle holds them. */
const builtIn: Readonly<Record<string, () => Promise<unknown>>> = {
  vnc: () => import('@boxyard/plugins/displays/vnc'),
};

/** A plugin that fails is left out and logged. */
export const openDisplays = async ({displays, stateDir}: Pick<AgentConfig, 'displays' | 'stateDir'>, log: Log): Promise<Displays> => {
  const loaded = await loadDisplays(
    findPlugins(displays, module => Object.hasOwn(builtIn, module)),
    {
      importModule: module => builtIn[module]?.() ?? import(module),
      stateDir: join(stateDir, 'plugins'),
      log: (level, message, fields) => log(message, {level, ...fields}),
      onFailure: (setting, error) => log('a plugin was not loaded', {module: setting.module, code: error.code, error: error.message}),
    },
  );
  return new Displays(loaded);
};
