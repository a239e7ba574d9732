import {BoxyardError} from '../errors/index.ts';
import {PLUGIN_API, type Kinds, type Plugin} from '../plugin-api/index.ts';

/** A plugin as config names it: a module specifier, and what its own schema checks. */
export interface PluginSetting {
  readonly module: string;
  readonly config?: unknown;
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
  {module, config}: PluginSetting,
  importModule: ImportModule,
): Promise<{plugin: Plugin<K, unknown>; config: unknown}> => {
  const plugin = await loadDefinition(kind, module, importModule);
  return {plugin, config: await configOf(plugin, module, config)};
};

/** The same without a config, for plugins of which there are several instances. */
export const loadDefinition = async <K extends keyof Kinds>(
  kind: K,
  module: string,
  importModule: ImportModule,
): Promise<Plugin<K, unknown>> => checked(kind, module, await definitionOf(module, importModule));

const definitionOf = async (module: string, importModule: ImportModule): Promise<Record<string, unknown>> => {
  const loaded = await withDeadline(importModule(module), IMPORT_MS).catch((error: unknown) => {
    const isMissing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(codeOf(error));
    const issue = isMissing ? 'there is no such module' : `its module does not load: ${textOf(error)}`;
    const hint = isMissing ? 'Install it beside Boxyard, or name its path.' : '';
    throw invalid(module, isMissing ? 'not-found' : 'import', issue, {hint, cause: error});
  });
  const definition = (loaded as {default?: unknown} | undefined)?.default;
  if (definition === null || typeof definition !== 'object') throw invalid(module, 'export', 'its default export is no plugin definition');
  return definition as Record<string, unknown>;
};

const checked = <K extends keyof Kinds>(kind: K, module: string, definition: Record<string, unknown>): Plugin<K, unknown> => {
  const {kind: found, name, api, config, create} = definition;
  if (typeof found !== 'string' || !KINDS.includes(found)) throw invalid(module, 'kind', `expected the kind ${kind}, got ${show(found)}`);
  if (found !== kind) throw invalid(module, 'kind', `it is a ${found}, and ${kind} was asked for`);
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw invalid(module, 'name', `expected a name of small letters, digits and dashes, got ${show(name)}`);
  checkApi(module, api);
  const standard = (config as {'~standard'?: {version?: unknown; validate?: unknown}} | undefined)?.['~standard'];
  if (standard?.version !== 1 || typeof standard.validate !== 'function')
    throw invalid(module, 'schema', 'its config is no Standard Schema of version 1');
  if (typeof create !== 'function') throw invalid(module, 'create', 'it has no create function');
  return definition as unknown as Plugin<K, unknown>;
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
