import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {z} from 'zod';
import type {BoxyardError} from '@boxyard/core/errors';
import {loadEngines, type LoadedEngine} from '@boxyard/core/plugin-host';
import type {Box, BoxSpec, Engine} from '@boxyard/core/plugin-api';

export const quietBox: Box = {
  name: 'box-1',
  labels: {},
  inspect: async () => ({is: 'created'}),
  start: async () => undefined,
  stop: async () => undefined,
  remove: async () => undefined,
  wait: async () => ({code: 0}),
  async *output() {},
};

export const quietEngine: Engine = {
  probe: async () => ({usable: true, version: '1', labels: {}, enforces: []}),
  create: async () => quietBox,
  find: async () => quietBox,
  list: async () => [quietBox],
  features: {},
};

export const spec: BoxSpec = {name: 'box-1', labels: {}, env: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false};

/** A definition that is right in everything the test does not change. */
export const definition = (change: object = {}): object => ({
  kind: 'engine',
  name: 'odd',
  api: {oldest: 1, newest: 1},
  config: z.strictObject({size: z.number().default(1)}).prefault({}),
  create: () => quietEngine,
  ...change,
});

export interface Loading extends AsyncDisposable {
  readonly loaded: readonly LoadedEngine[];
  readonly failures: readonly BoxyardError[];
}

/** Loads modules that exist only in the test, by specifier, as the agent loads real ones. */
export const load = async (modules: Readonly<Record<string, unknown>>, config?: unknown): Promise<Loading> => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'boxyard-plugins-'));
  const failures: BoxyardError[] = [];
  const loaded = await loadEngines(
    Object.keys(modules).map(module => ({module, config})),
    {
      importModule: async specifier => {
        const found = modules[specifier];
        if (found instanceof Error) throw found;
        return {default: found};
      },
      stateDir,
      log: () => undefined,
      onFailure: (_setting, error) => failures.push(error),
    },
  );
  return {loaded, failures, [Symbol.asyncDispose]: () => rm(stateDir, {recursive: true, force: true})};
};

/** The guarded form of an engine that differs from the quiet one. */
export const guarded = async (change: Partial<Engine>): Promise<{engine: Engine} & AsyncDisposable> => {
  const loading = await load({it: definition({create: () => ({...quietEngine, ...change})})});
  const [first] = loading.loaded;
  if (first === undefined) throw loading.failures[0] ?? new Error('not loaded');
  return {engine: first.engine, [Symbol.asyncDispose]: () => loading[Symbol.asyncDispose]()};
};
