/**
 * An engine without containers whose boxes do what their environment says (scripted-script.ts). It keeps to the contract, and
 * throws if its caller breaks the order of calls. Loaded as a plugin by this file's path, or made by `createScriptedEngine`.
 */
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {z} from 'zod';
import type {BoxSpec, Box, Engine, Host, Plugin} from '../plugin-api/index.ts';
import {scriptedBox, type Scripted} from './scripted-box.ts';
import {scriptedFeatures} from './scripted-features.ts';
import {scriptOf} from './scripted-script.ts';
import {openStore} from './scripted-store.ts';

const scriptedConfig = z
  .strictObject({
    /** Every call takes at least this long. */
    latencyMs: z.number().nonnegative().default(0),
    enforces: z
      .array(z.enum(['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges']))
      .default(['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges']),
  })
  .prefault({});
type ScriptedConfig = z.infer<typeof scriptedConfig>;

export const createScriptedEngine = ({latencyMs, enforces}: ScriptedConfig, host: Host): Engine => {
  const store = openStore(path.join(host.stateDir, 'boxes'));
  const engine: Scripted = {
    store,
    host,
    enter: async (call, env, signal) => {
      signal.throwIfAborted();
      const {failAt, hangAt} = scriptOf(env);
      if (hangAt === call) await delay(2 ** 30, undefined, {signal, ref: false});
      if (latencyMs > 0) await delay(latencyMs, undefined, {signal});
      if (failAt === call) throw host.fault('failed', `${call} was told to fail`);
    },
  };
  return {
    probe: async () => ({usable: true, version: '1', labels: {arch: 'amd64', os: 'linux'}, enforces}),
    create: (spec, signal) => create(engine, spec, signal),
    find: async name => {
      const stored = store.read(name);
      return stored === undefined ? undefined : scriptedBox(engine, stored);
    },
    list: async labels => {
      const all = store.names().map(name => store.read(name));
      const fits = (found: Readonly<Record<string, string>>) => Object.entries(labels).every(([key, value]) => found[key] === value);
      return all.flatMap(stored => (stored !== undefined && fits(stored.spec.labels) ? [scriptedBox(engine, stored)] : []));
    },
    features: scriptedFeatures(engine),
    close: async () => store.close(),
  };
};

const create = async (engine: Scripted, spec: BoxSpec, signal: AbortSignal): Promise<Box> => {
  await engine.enter('create', spec.env, signal);
  const {name, labels, main, env, image} = spec;
  if (image?.includes('missing') === true) throw engine.host.fault('not-found', `no image ${image}`);
  const stored = {spec: {name, labels, env, ...(main === undefined ? {} : {main}), ...(image === undefined ? {} : {image})}};
  if (engine.store.add(stored)) return scriptedBox(engine, stored);
  const found = engine.store.read(name);
  const isSame = found !== undefined && Object.entries(labels).every(([key, value]) => found.spec.labels[key] === value);
  if (!isSame) throw engine.host.fault('conflict', `another box has the name ${name}`);
  return scriptedBox(engine, found);
};

export default {
  kind: 'engine',
  name: 'scripted',
  api: {oldest: 1, newest: 1},
  config: scriptedConfig,
  create: createScriptedEngine,
} satisfies Plugin<'engine', ScriptedConfig>;
