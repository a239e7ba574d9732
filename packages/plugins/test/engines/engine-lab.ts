import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {loadEngines} from '@boxyard/core/plugin-host';
import type {BoxSpec, Engine, Lab} from '@boxyard/core/plugin-api';

export interface EngineUnderTest {
  readonly engine: Engine;
  lab(signal: AbortSignal): Lab & {readonly names: readonly string[]};
  close(): Promise<void>;
}

/** Opens an engine as the agent does, with a state folder of its own; why it cannot be used here is the second result. */
export const openEngine = async (
  name: string,
  {config, image}: {config?: unknown; image?: string},
): Promise<{open: EngineUnderTest} | {absent: string}> => {
  const stateDir = await mkdtemp(path.join(tmpdir(), `boxyard-${name}-`));
  const engines: Engine[] = [];
  const load = async (): Promise<Engine> => {
    const failures: Error[] = [];
    const [loaded] = await loadEngines([{module: `@boxyard/plugins/engines/${name}`, config}], {
      importModule: specifier => import(specifier),
      stateDir,
      log: () => undefined,
      onFailure: (_setting, error) => failures.push(error),
    });
    if (loaded === undefined) throw failures[0] ?? new Error(`${name} was not loaded`);
    engines.push(loaded.engine);
    return loaded.engine;
  };
  const engine = await load();
  const close = async (): Promise<void> => {
    await Promise.all(engines.map(one => one.close?.()));
    await rm(stateDir, {recursive: true, force: true});
  };
  const probe = await engine.probe(AbortSignal.timeout(30_000));
  if (!probe.usable) {
    await close();
    return {absent: probe.why};
  }
  return {open: {engine, close, lab: signal => createLab({engine, image, load}, signal)}};
};

interface Made {
  readonly engine: Engine;
  readonly image: string | undefined;
  readonly load: () => Promise<Engine>;
}

const createLab = ({engine, image, load}: Made, signal: AbortSignal): Lab & {names: readonly string[]} => {
  const names: string[] = [];
  const labels = {'test.boxyard.lab': Math.random().toString(36).slice(2)};
  return {
    signal,
    names,
    reopen: load,
    imageName: () => `localhost/lab-${Math.random().toString(36).slice(2)}:1`,
    spec: (change = {}) => {
      const name = `lab-${Math.random().toString(36).slice(2, 10)}-${names.length}`;
      names.push(name);
      return {...plain, name, labels, ...(image === undefined ? {} : {image}), ...change};
    },
    leftovers: async () => (await engine.list(labels, signal)).map(box => box.name),
  };
};

const plain: Omit<BoxSpec, 'name' | 'labels'> = {
  main: ['true'],
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  ports: [],
  readOnlyRoot: false,
};
