import {pathToFileURL} from 'node:url';
import {BoxyardError} from '../errors/index.ts';
import {PLUGIN_API, type Kinds, type Plugin} from '../plugin-api/index.ts';
import {INTEGRITY, integrityOf} from './integrity.ts';
import type {PluginPlace} from './locate-plugin.ts';

/** A plugin as config names it: a module specifier, and what its own schema checks. */
export interface PluginSetting {
  readonly module: string;
  readonly config?: unknown;
  /** Exactly this version of the package, or it is refused. */
  readonly version?: string | undefined;
  /** Exactly these files, or they are not run: `integrityOf`. */
  readonly integrity?: string | undefined;
  /** Where it was found; absent for what comes with Boxyard and for what was found nowhere. */
  readonly place?: PluginPlace | undefined;
}

export type ImportModule = (specifier: string) => Promise<unknown>;

const IMPORT_MS = 10_000;
const KINDS: readonly string[] = ['engine', 'display', 'reporter'] satisfies (keyof Kinds)[];

/**
 * Imports a plugin and checks its manifest and its config. Every way to be wrong is a `PLUGIN_INVALID` or `PLUGIN_CONFIG`
 * whose details name the `problem`; nothing of the plugin has run yet but its module's top level and its schema.
 */
export const loadPlugin = async <K extends keyof Kinds>(
  kind: K,
  setting: PluginSetting,
  importModule: ImportModule,
): Promise<{plugin: Plugin<K, unknown>; config: unknown}> => {
  const plugin = await loadDefinition(kind, setting, importModule);
  return {plugin, config: await configOf(plugin, setting.module, setting.config)};
};

/** The same without a config, for plugins of which there are several instances. */
export const loadDefinition = async <K extends keyof Kinds>(
  kind: K,
  setting: PluginSetting,
  importModule: ImportModule,
): Promise<Plugin<K, unknown>> => {
  const plugin = await loadAnyDefinition(setting, importModule);
  if (plugin.kind !== kind) throw invalid(setting.module, 'kind', `it is a ${plugin.kind}, and ${kind} was asked for`);
  return plugin as Plugin<K, unknown>;
};

/** The same of whatever kind it is. */
export const loadAnyDefinition = async (setting: PluginSetting, importModule: ImportModule): Promise<Plugin<keyof Kinds, unknown>> => {
  await checkFiles(setting);
  return checkDefinition(setting.module, await definitionOf(setting, importModule));
};

/** Whether it is what the config says it is, before anything of it runs. */
const checkFiles = async ({module, version, integrity, place}: PluginSetting): Promise<void> => {
  if (version === undefined && integrity === undefined) return;
  if (place === undefined) {
    const hint = 'Leave version and integrity out for what comes with Boxyard; install anything else beside Boxyard, or name its path.';
    throw invalid(module, 'not-found', 'there is no such package whose version and integrity could be looked at', {hint});
  }
  if (version !== undefined && place.version !== version)
    throw invalid(module, 'version', `the config says version ${version}, and ${place.version ?? 'none'} is installed`);
  if (integrity === undefined) return;
  if (!INTEGRITY.test(integrity)) throw invalid(module, 'integrity', `expected sha256- and 44 characters of base64, got ${integrity}`);
  const found = await integrityOf(place).catch((cause: unknown) => {
    throw invalid(module, 'integrity', `its files cannot be looked at: ${textOf(cause)}`, {cause});
  });
  if (found === integrity) return;
  const hint = 'Nothing of it was run. If you changed it yourself, put the new value into the config: boxyard plugins show prints it.';
  throw invalid(module, 'integrity', `its files are not those of the config: expected ${integrity}, got ${found}`, {hint});
};

const definitionOf = async ({module, place}: PluginSetting, importModule: ImportModule): Promise<unknown> => {
  const specifier = place === undefined ? module : pathToFileURL(place.file).href;
  const loaded = await withDeadline(importModule(specifier), IMPORT_MS).catch((error: unknown) => {
    const isMissing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(codeOf(error));
    const issue = isMissing ? 'there is no such module' : `its module does not load: ${textOf(error)}`;
    const hint = isMissing ? 'Install it beside Boxyard, or name its path.' : '';
    throw invalid(module, isMissing ? 'not-found' : 'import', issue, {hint, cause: error});
  });
  return (loaded as {default?: unknown} | undefined)?.default;
};

/** Whether a module's default export is a plugin's definition: `PLUGIN_INVALID` says what is missing. */
export const checkDefinition = (module: string, given: unknown): Plugin<keyof Kinds, unknown> => {
  if (given === null || typeof given !== 'object') throw invalid(module, 'export', 'its default export is no plugin definition');
  const definition = given as Record<string, unknown>;
  const {kind, name, api, config, create} = definition;
  if (typeof kind !== 'string' || !KINDS.includes(kind))
    throw invalid(module, 'kind', `expected one of the kinds ${KINDS.join(', ')}, got ${show(kind)}`);
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw invalid(module, 'name', `expected a name of small letters, digits and dashes, got ${show(name)}`);
  checkApi(module, api);
  const standard = (config as {'~standard'?: {version?: unknown; validate?: unknown}} | undefined)?.['~standard'];
  if (standard?.version !== 1 || typeof standard.validate !== 'function')
    throw invalid(module, 'schema', 'its config is no Standard Schema of version 1');
  if (typeof create !== 'function') throw invalid(module, 'create', 'it has no create function');
  return definition as unknown as Plugin<keyof Kinds, unknown>;
};

const checkApi = (module: string, api: unknown): void => {
  const {oldest, newest} = (api ?? {}) as {oldest?: unknown; newest?: unknown};
  if (!Number.isInteger(oldest) || !Number.isInteger(newest)) throw invalid(module, 'api', `expected an api range, got ${show(api)}`);
  if (PLUGIN_API >= (oldest as number) && PLUGIN_API <= (newest as number)) return;
  const isOlder = (newest as number) < PLUGIN_API;
  const issue = `it speaks plugin api ${String(oldest)} to ${String(newest)}, this Boxyard ${PLUGIN_API}`;
  throw invalid(module, 'api', issue, {hint: isOlder ? 'Upgrade the plugin.' : 'Upgrade Boxyard, or use an older version of the plugin.'});
};

/** What the plugin's own schema makes of a config; `PLUGIN_CONFIG`. */
export const configOf = async (plugin: Plugin<keyof Kinds, unknown>, module: string, config: unknown): Promise<unknown> => {
  const result = await withDeadline(
    Promise.resolve().then(() => plugin.config['~standard'].validate(config ?? {})),
    IMPORT_MS,
  ).catch((error: unknown) => {
    throw invalid(module, 'schema', `its config schema fails: ${textOf(error)}`, {cause: error});
  });
  if (result === null || typeof result !== 'object') throw invalid(module, 'schema', 'its config schema answers nonsense');
  if (result.issues === undefined) return result.value;
  const issue = result.issues.map(one => describe(one)).join('; ');
  throw new BoxyardError('PLUGIN_CONFIG', {plugin: plugin.name, module, problem: 'config', issue});
};

const describe = (issue: {readonly message: string; readonly path?: readonly unknown[]}): string => {
  const path = (issue.path ?? []).map(part => String((part as {key?: unknown})?.key ?? part)).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
};

export const invalid = (
  plugin: string,
  problem: string,
  issue: string,
  {hint = '', cause}: {hint?: string; cause?: unknown} = {},
): BoxyardError => new BoxyardError('PLUGIN_INVALID', {plugin, problem, issue, hint}, cause === undefined ? {} : {cause});

/** Rejects when the time is over, whatever the promise does later. */
export const withDeadline = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  const {promise, reject} = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
};

export const textOf = (value: unknown): string => (value instanceof Error ? value.message : show(value));
const show = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? 'nothing');
const codeOf = (error: unknown): string => String((error as {code?: unknown} | null)?.code ?? '');
