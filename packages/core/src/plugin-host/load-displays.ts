import type {Display} from '../plugin-api/index.ts';
import {guardDisplay} from './guard-display.ts';
import {loadEach, type LoadDeps} from './load-each.ts';
import {invalid, type PluginSetting} from './load-plugin.ts';

/** `display` is guarded: it rejects with `BoxyardError` only, in time. */
export interface LoadedDisplay {
  readonly name: string;
  readonly display: Display;
}

/** Loads what it can, in the order of the settings, all at once; a plugin that fails is reported and left out. */
export const loadDisplays = (settings: readonly PluginSetting[], deps: LoadDeps): Promise<readonly LoadedDisplay[]> =>
  loadEach('display', settings, deps, (name, display) => {
    if (typeof (display as Partial<Display> | null)?.open !== 'function') throw invalid(name, 'shape', 'its display has no open');
    return {name, display: guardDisplay(name, display)};
  });
