import {basename, extname, join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import {loadEngines, type LoadedEngine} from '@boxyard/core/plugin-host';
import {noted, type PluginDeaths} from './plugin-deaths.ts';
import type {EngineToLoad} from './session-host/wire.ts';

type Log = (message: string, fields?: object) => void;

/** An engine that was asked for and is not there. */
export interface AbsentEngine {
  readonly name: string;
  readonly why: string;
  readonly fix?: string;
}

export interface Loaded {
  readonly engines: readonly LoadedEngine[];
  readonly absent: readonly AbsentEngine[];
}

/** The engines that come with Boxyard, by the names a config may use; written out so that a bundle holds them. */
const builtIn: Readonly<Record<string, () => Promise<unknown>>> = {
  podman: () => import('@boxyard/plugins/engines/podman'),
  docker: () => import('@boxyard/plugins/engines/docker'),
  process: () => import('@boxyard/plugins/engines/process'),
};
const isOurs = (module: string): boolean => Object.hasOwn(builtIn, module);

/**
 * What agent and session host load alike: the same plugins, with the same state directory. A plugin that fails is left out and logged.
 * With `deaths`, so is one in whose calls the agent keeps ending, and those of others are noted.
 */
export async function loadAll(engines: readonly EngineToLoad[], stateDir: string, log: Log, deaths?: PluginDeaths): Promise<Loaded> {
  const absent: AbsentEngine[] = [];
  const loaded = await loadEngines(engines, {
    importModule: module => builtIn[module]?.() ?? import(module),
    stateDir: join(stateDir, 'plugins'),
    log: (level, message, fields) => log(message, {level, ...fields}),
    onFailure: ({module}, error) => {
      log('a plugin was not loaded', {level: 'warn', module, code: error.code, error: error.message});
      absent.push({name: basename(module, extname(module)), why: error.message, ...(error.hint === '' ? {} : {fix: error.hint})});
    },
    around: async ({module}, load) => {
      if (deaths === undefined || isOurs(module)) return load();
      const issue = deaths.whyOff(module);
      if (issue !== undefined) throw new BoxyardError('PLUGIN_INVALID', {plugin: module, problem: 'deaths', issue, hint: TRY_AGAIN});
      return noted(await deaths.during(module, 'load', load), deaths);
    },
  });
  return {engines: loaded, absent: absent.filter(one => !loaded.some(({name}) => name === one.name))};
}

const TRY_AGAIN = 'Mend it, or take it out of the engines of this worker; stopped and started in order, the agent tries it again.';
