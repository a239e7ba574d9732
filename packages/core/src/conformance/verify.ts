import type {Plugin} from '../plugin-api/index.ts';
import {checkDefinition} from '../plugin-host/index.ts';
import type {VerifyPlugin} from './contract.ts';
import {verifyDisplay} from './verify-display.ts';
import {verifyEngine} from './verify-engine.ts';
import {verifyReporter} from './verify-reporter.ts';

/** Tries a plugin of any kind, in no test runner. `PLUGIN_INVALID` and `PLUGIN_CONFIG` before anything is tried. */
export const verifyPlugin: VerifyPlugin = async options => {
  const plugin = checkDefinition(options.module, options.plugin);
  if (plugin.kind === 'engine') return verifyEngine(plugin as Plugin<'engine', unknown>, options);
  if (plugin.kind === 'reporter') return verifyReporter(plugin as Plugin<'reporter', unknown>, options);
  return verifyDisplay(plugin as Plugin<'display', unknown>, options);
};
