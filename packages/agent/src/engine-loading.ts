import {join, resolve} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import {loadEngines, locatePlugin, type Entering, type LoadedEngine} from '@boxyard/core/plugin-host';
import type {EngineToFind} from './config.ts';
import {noted, type PluginDeaths} from './plugin-deaths.ts';
import type {EngineToLoad} from './session-host/wire.ts';

type Log = (message: string, fields?: object) => void;

/** The engines that come with Boxyard, by the names a config may use; written out so that a bundle holds them. */
const builtIn: Readonly<Record<string, () => Promise<unknown>>> = {
  podman: () => import('@boxyard/plugins/engines/podman'),
  docker: () => import('@boxyard/plugins/engines/docker'),
  process: () => import('@boxyard/plugins/engines/process'),
};

/** By its name or as it is: what `module` of a config stands for. Rejects as an import does. */
export const importEngine = (module: string): Promise<unknown> => builtIn[module]?.() ?? import(module);

export const isBuiltIn = (module: string): boolean => Object.hasOwn(builtIn, module);

/** Where the plugins lie: a path is meant from the file that names it, a package is looked for beside that and beside Boxyard. */
export const findEngines = (engines: readonly EngineToFind[]): readonly EngineToLoad[] => findPlugins(engines, isBuiltIn);

export const findPlugins = (plugins: readonly EngineToFind[], isOurs: (module: string) => boolean): readonly EngineToLoad[] =>
  plugins.map(({from, ...setting}) => ({
    ...setting,
    ...(isOurs(setting.module) ? {} : {place: locatePlugin(setting.module, [resolve(from ?? 'boxyard.yaml'), import.meta.filename])}),
  }));

export interface LoadAllOptions {
  readonly onFailure?: (module: string, error: BoxyardError) => void;
  /** With it a plugin in whose calls the agent keeps ending is left out too, and those of the others are noted. */
  readonly deaths?: PluginDeaths;
  readonly entering?: Entering;
}

/** What agent and session host load alike: the same plugins, with the same state directory. A plugin that fails is left out and logged. */
export const loadAll = (
  engines: readonly EngineToLoad[],
  stateDir: string,
  log: Log,
  {onFailure, deaths, entering}: LoadAllOptions = {},
): Promise<readonly LoadedEngine[]> =>
  loadEngines(engines, {
    importModule: importEngine,
    entering,
    stateDir: join(stateDir, 'plugins'),
    log: (level, message, fields) => log(message, {level, ...fields}),
    onFailure: ({module}, error) => {
      log('a plugin was not loaded', {level: 'warn', module, code: error.code, error: error.message, hint: error.hint});
      onFailure?.(module, error);
    },
    around: async ({module}, load) => {
      if (deaths === undefined || isBuiltIn(module)) return load();
      const issue = deaths.whyOff(module);
      if (issue !== undefined) throw new BoxyardError('PLUGIN_INVALID', {plugin: module, problem: 'deaths', issue, hint: TRY_AGAIN});
      return noted(await deaths.during(module, 'load', load), deaths);
    },
  });

const TRY_AGAIN = 'Mend it, or take it out of the engines of this worker; stopped and started in order, the agent tries it again.';
