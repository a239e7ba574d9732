import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {resolveConfig} from '../src/config.ts';

function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'config-'));
  const file = join(dir, 'agent.yaml');
  const write = (text: string) => writeFileSync(file, text, {mode: 0o600});
  return {dir, file, write, [Symbol.dispose]: () => rmSync(dir, {recursive: true})};
}

test('a flag wins over the environment, that over the file, that over the default', () => {
  using at = folder();
  at.write('token: t\nname: from-file\nurl: ws://file:1/ws/worker\nlogLevel: warn\n');
  const env = {AGENT_CONFIG: at.file, HOME: at.dir, WORKER_NAME: 'from-env', BOXYARD_WORKER_NAME: 'from-own-env'};
  expect(resolveConfig({name: 'from-flag'}, env)).toMatchObject({
    name: 'from-flag',
    url: 'ws://file:1/ws/worker',
    logLevel: 'warn',
    mode: 'byom',
  });
  expect(resolveConfig({}, env).name).toBe('from-own-env');
});

test('a key nobody knows in the file is an error that names the file', () => {
  using at = folder();
  at.write('token: t\nsecurityflor: strict\n');
  expect(() => resolveConfig({}, {AGENT_CONFIG: at.file, HOME: at.dir})).toThrow(/agent\.yaml/);
});

test('a floor that is no profile is refused, never taken for none', () => {
  using at = folder();
  at.write('token: t\n');
  expect(() => resolveConfig({}, {AGENT_CONFIG: at.file, HOME: at.dir, SECURITY_FLOOR: 'strickt'})).toThrow(/SECURITY_FLOOR/);
});

test('the engines its owner wrote down win over those that are usual', () => {
  using at = folder();
  const env = {AGENT_CONFIG: at.file, HOME: at.dir};
  const modules = () => resolveConfig({usualEngines: ['process']}, env).engines.map(({module}) => module);
  at.write('token: t\n');
  expect(modules()).toEqual(['process']);
  at.write('token: t\nengines: [docker, {module: /opt/mine.js}]\n');
  expect(modules()).toEqual(['docker', '/opt/mine.js']);
});

test('a fleet worker keeps its state in DATA_DIR and gets its podman from PODMAN_PATH', () => {
  using at = folder();
  at.write('token: t\nurl: wss://x/ws/worker\n');
  const config = resolveConfig(
    {},
    {AGENT_MODE: 'fleet', AGENT_CONFIG: at.file, DATA_DIR: '/data', PODMAN_PATH: '/opt/podman', HOME: at.dir},
  );
  expect(config).toMatchObject({
    mode: 'fleet',
    stateDir: '/data/agent',
    engines: [{module: 'podman', config: {path: '/opt/podman'}}, {module: 'docker'}],
  });
});

test('the mode of the file counts where neither flag nor environment names one, for the state as well', () => {
  using at = folder();
  at.write('token: t\nmode: fleet\n');
  const env = {AGENT_CONFIG: at.file, HOME: at.dir};
  expect(resolveConfig({}, env)).toMatchObject({mode: 'fleet', stateDir: '/data/agent'});
  expect(resolveConfig({mode: 'byom'}, env).mode).toBe('byom');
  expect(resolveConfig({}, {...env, AGENT_MODE: 'byom'}).mode).toBe('byom');
});

test('a file with the worker’s credential that others may read is refused, one without is not', () => {
  using at = folder();
  at.write('token: t\n');
  chmodSync(at.file, 0o644);
  expect(() => resolveConfig({}, {AGENT_CONFIG: at.file, HOME: at.dir})).toThrow(at.file);
  at.write('name: nas\n');
  expect(resolveConfig({}, {AGENT_CONFIG: at.file, HOME: at.dir, BOXYARD_WORKER_TOKEN: 't'}).name).toBe('nas');
});
