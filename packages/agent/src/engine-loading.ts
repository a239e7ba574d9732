import {join} from 'node:path';
import {loadEngines, type LoadedEngine} from '@boxyard/core/plugin-host';
import type {EngineToLoad} from './session-host/wire.ts';

type Log = (message: string, fields?: object) => void;

/** The engines that come with Boxyard, by the names a config may use; written out so that a bundle holds them. */
const builtIn: Readonly<Record<string, () => Promise<unknown>>> = {
  podman: () => import('@boxyard/plugins/engines/podman'),
  docker: () => import('@boxyard/plugins/engines/docker'),
  process: () => import('@boxyard/plugins/engines/process'),
};

/** What agent and session host load alike: the same plugins, with the same state directory. A plugin that fails is left out and logged. */
export const loadAll = (engines: readonly EngineToLoad[], stateDir: string, log: Log): Promise<readonly LoadedEngine[]> =>
  loadEngines(engines, {
    importModule: module => builtIn[module]?.() ?? import(module),
    stateDir: join(stateDir, 'plugins'),
    log: (level, message, fields) => log(message, {level, ...fields}),
    onFailure: (setting, error) => log('a plugin was not loaded', {module: setting.module, code: error.code, error: error.message}),
  });
