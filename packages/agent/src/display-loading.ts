import {join} from 'node:path';
import {loadDisplays} from '@boxyard/core/plugin-host';
import type {AgentConfig} from './config.ts';
import {findPlugins} from './engine-loading.ts';
import {Displays} from './displays.ts';
import type {FailedPlugin} from './engines.ts';
import {type PluginDeaths, notedDisplay} from './plugin-deaths.ts';

type Log = (message: string, fields?: object) => void;

/** The displays that come with Boxyard, by the names a config may use; written out so that a bundle holds them. */
const builtIn: Readonly<Record<string, () => Promise<unknown>>> = {
  vnc: () => import('@boxyard/plugins/displays/vnc'),
};

export interface DisplayDeps {
  readonly log: Log;
  readonly deaths: PluginDeaths;
}

/** A plugin that fails is left out, logged and told of; so is one in whose calls the agent keeps ending. */
export const openDisplays = async (
  {displays, stateDir}: Pick<AgentConfig, 'displays' | 'stateDir'>,
  {log, deaths}: DisplayDeps,
): Promise<Displays> => {
  const failed: FailedPlugin[] = [];
  const loaded = await loadDisplays(
    findPlugins(displays, module => Object.hasOwn(builtIn, module)),
    {
      importModule: module => builtIn[module]?.() ?? import(module),
      stateDir: join(stateDir, 'plugins'),
      log: (level, message, fields) => log(message, {level, ...fields}),
      onFailure: ({module}, error) => {
        log('a plugin was not loaded', {level: 'warn', module, code: error.code, error: error.message, hint: error.hint});
        failed.push({module, error});
      },
      around: async ({module}, load) =>
        Object.hasOwn(builtIn, module) ? load() : notedDisplay(await deaths.loading(module, load), module, deaths),
    },
  );
  return new Displays(loaded, failed);
};
