import {exec} from 'node:child_process';
import {mkdtempSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {importEngine, isBuiltIn} from '@boxyard/agent/engine-loading';
import {verifyPlugin, type Report, type VerifyOptions} from '@boxyard/core/conformance';
import {BoxyardError} from '@boxyard/core/errors';
import type {Engine, Kinds, Plugin} from '@boxyard/core/plugin-api';
import {createHost, loadAnyDefinition, openEngine, configOf, type PluginPlace} from '@boxyard/core/plugin-host';
import type {Program} from '../cli/context.ts';
import {findModule} from './plugin-module.ts';

export interface VerifyWish extends Pick<VerifyOptions, 'config' | 'hungConfig' | 'image' | 'caseMs' | 'atATime'> {
  readonly module: string;
  /** A command of a shell. */
  readonly restart: string | undefined;
  readonly engine: string | undefined;
  /** Cases with any of these in their name; none: all. */
  readonly words: readonly string[];
}

export interface VerifyTools extends Pick<VerifyOptions, 'signal' | 'onPlan' | 'onResult'> {
  readonly program: Pick<Program, 'cwd' | 'root'>;
  /** Empty, and the caller's to remove. */
  readonly stateDir: string;
  readonly say: (line: string) => void;
  /** What goes on now. */
  readonly about: (what: string) => void;
}

/** What a package.json says of how it is tried: `boxyard.verify`. */
type Hints = Partial<Pick<VerifyWish, 'config' | 'hungConfig' | 'image' | 'restart'>>;

const usualImage = 'docker.io/library/busybox:stable';
const restartMs = 120_000;
const builtInHints: Readonly<Record<string, Hints>> = {
  podman: {hungConfig: {socket: '$HUNG', start: false}},
  docker: {hungConfig: {socket: '$HUNG'}},
  process: {config: {enabled: true}},
  webhook: {config: {url: '$RECEIVER/hook', secrets: [`whsec_${Buffer.alloc(32, 'k').toString('base64')}`], allow: ['127.0.0.1']}},
};

/** Tries a plugin, in this process. Rejects where there is nothing to try. */
export async function verifyModule(wish: VerifyWish, tools: VerifyTools): Promise<Report> {
  const {module} = wish;
  const {stateDir, about} = tools;
  const place = placeOf(module, tools.program);
  const plugin = await loadAnyDefinition({module, place}, importEngine);
  about('its first calls');
  const hints = builtInHints[module] ?? hintsOf(place);
  const given = {...hints, ...Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))} as VerifyWish;
  const engine = plugin.kind === 'display' ? await engineFor(given.engine, stateDir) : undefined;
  try {
    const image = await imageFor(plugin, given, {stateDir, engine, tools});
    return await verifyPlugin({...optionsOf(given, tools), plugin, stateDir, engine, image});
  } finally {
    await engine?.close?.();
  }
}

function optionsOf(given: VerifyWish, {signal, about, onPlan, onResult}: VerifyTools): Omit<VerifyOptions, 'plugin' | 'stateDir'> {
  const {module, config, hungConfig, restart, words, caseMs, atATime} = given;
  return {
    module,
    config,
    hungConfig,
    restart: restart === undefined ? undefined : () => runShell(restart),
    only: words.length === 0 ? undefined : name => words.some(word => name.includes(word)),
    caseMs,
    atATime,
    signal,
    onPlan,
    onStart: name => about(`the case “${name}”`),
    onResult,
  };
}

async function runShell(command: string): Promise<void> {
  await promisify(exec)(command, {timeout: restartMs}).catch((cause: unknown) => {
    throw new BoxyardError('INVALID_INPUT', {field: '--restart', issue: `failed: ${(cause as Error).message}`}, {cause});
  });
}

/** The engines that come with Boxyard are in this program, its reporters beside it. */
function placeOf(module: string, program: VerifyTools['program']): PluginPlace | undefined {
  if (isBuiltIn(module)) return undefined;
  const isReporter = ['webhook', 'log'].includes(module);
  return isReporter ? {file: join(program.root, 'dist/plugins', `${module}.js`)} : findModule(module, program);
}

function hintsOf(place: PluginPlace | undefined): Hints {
  const root = place?.root;
  if (root === undefined) return {};
  try {
    const {boxyard} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {boxyard?: {verify?: Hints}};
    return boxyard?.verify ?? {};
  } catch {
    return {};
  }
}

async function openBuiltIn(module: string, config: unknown, stateDir: string): Promise<Engine> {
  const plugin = (await loadAnyDefinition({module}, importEngine)) as Plugin<'engine', unknown>;
  const host = createHost(module, mkdtempSync(join(stateDir, 'engine-')), () => undefined);
  return (await openEngine(plugin, await configOf(plugin, module, config), host)).engine;
}

/** The first that is usable, with an order of its own: a display wants a container if there is one. */
async function engineFor(named: string | undefined, stateDir: string): Promise<Engine> {
  const reasons: string[] = [];
  for (const module of named === undefined ? ['podman', 'docker', 'process'] : [named]) {
    const engine = await openBuiltIn(module, builtInHints[module]?.config, stateDir);
    const probe = await engine.probe(AbortSignal.timeout(30_000));
    if (probe.usable) return engine;
    reasons.push(`${module}: ${probe.why}`);
    await engine.close?.();
  }
  throw new BoxyardError('ENGINE_UNAVAILABLE', {engine: named ?? 'podman, docker, process', why: reasons.join('; ')});
}

interface ImageParts {
  readonly stateDir: string;
  readonly engine: Engine | undefined;
  readonly tools: VerifyTools;
}

/** One that is here already, where none is named: the kit asks nothing of a network unless it must. */
async function imageFor(
  plugin: Plugin<keyof Kinds, unknown>,
  {module, config, image}: VerifyWish,
  {stateDir, engine, tools}: ImageParts,
): Promise<string | undefined> {
  if (plugin.kind === 'reporter') return undefined;
  const own = engine ?? (await openOwn(plugin as Plugin<'engine', unknown>, {module, config}, stateDir));
  try {
    const {images} = own.features;
    const probe = images === undefined ? undefined : await own.probe(tools.signal);
    if (images === undefined || probe?.usable !== true) return undefined;
    const ref = image ?? usualImage;
    if ((await images.find(ref, tools.signal)) !== undefined) return ref;
    const known = image === undefined ? await smallImage(own, tools.signal) : undefined;
    if (known !== undefined) return known;
    tools.say(`Pulling ${ref}; --image names another…`);
    await images.pull(ref, undefined, () => undefined, tools.signal);
    return ref;
  } finally {
    if (own !== engine) await own.close?.();
  }
}

async function openOwn(
  plugin: Plugin<'engine', unknown>,
  {module, config}: {readonly module: string; readonly config?: unknown},
  stateDir: string,
): Promise<Engine> {
  const host = createHost(plugin.name, mkdtempSync(join(stateDir, 'look-')), () => undefined);
  return (await openEngine(plugin, await configOf(plugin, module, config), host)).engine;
}

/** A busybox under whatever name. */
async function smallImage({features}: Engine, signal: AbortSignal): Promise<string | undefined> {
  const all = (await features.images?.list(signal)) ?? [];
  return all.flatMap(({refs}) => refs).find(ref => /(?:^|\/)busybox(?::|$)|^localhost\/base:test$/.test(ref));
}
