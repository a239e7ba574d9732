import {BoxyardError} from '../errors/index.ts';
import type {Host, Kinds, Plugin} from '../plugin-api/index.ts';
import {textOf, withDeadline} from './load-plugin.ts';
import {isPluginFault} from './plugin-faults.ts';

const CREATE_MS = 15_000;

/** Calls a plugin's `create`, in time. `PLUGIN_CONFIG` where it says that its config is invalid, else `PLUGIN_FAILED`. */
export const createFrom = async <K extends keyof Kinds>(plugin: Plugin<K, unknown>, config: unknown, host: Host): Promise<Kinds[K]> =>
  withDeadline(
    Promise.resolve().then(() => plugin.create(config, host)),
    CREATE_MS,
  ).catch((error: unknown) => {
    if (isPluginFault(error) && error.fault === 'invalid')
      throw new BoxyardError('PLUGIN_CONFIG', {plugin: plugin.name, problem: 'create', issue: error.message}, {cause: error});
    throw new BoxyardError('PLUGIN_FAILED', {plugin: plugin.name, call: 'create', issue: textOf(error)}, {cause: error});
  });
