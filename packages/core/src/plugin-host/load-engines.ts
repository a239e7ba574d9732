import type {Engine} from '../plugin-api/index.ts';
import {guardEngine} from './guard-engine.ts';
import {loadEach, type LoadDeps} from './load-each.ts';
import {invalid, type PluginSetting} from './load-plugin.ts';

export type EngineSetting = PluginSetting;

/** `engine` is guarded: it rejects with `BoxyardError` only, in time, and returns nothing that the contract does not know. */
export interface LoadedEngine {
  readonly name: string;
  readonly engine: Engine;
  /** The keys of `engine.features`, for the wire. */
  readonly features: readonly string[];
}

const METHODS = ['probe', 'create', 'find', 'list'] as const;

/** Loads what it can, in the order of the settings, all at once; a plugin that fails is reported and left out. */
export const loadEngines = (settings: readonly EngineSetting[], deps: LoadDeps): Promise<readonly LoadedEngine[]> =>
  loadEach('engine', settings, deps, (name, engine) => {
    checkShape(name, engine);
    const guarded = guardEngine(name, engine);
    return {name, engine: guarded, features: Object.keys(guarded.features)};
  });

const checkShape = (name: string, engine: unknown): void => {
  const found = (engine ?? {}) as Record<string, unknown>;
  const missing = METHODS.filter(method => typeof found[method] !== 'function');
  if (missing.length > 0) throw invalid(name, 'shape', `its engine has no ${missing.join(', ')}`);
  if (found['features'] === null || typeof found['features'] !== 'object') throw invalid(name, 'shape', 'its engine has no features');
};
