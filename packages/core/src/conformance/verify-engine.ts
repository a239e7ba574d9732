import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Case, Engine, Features, Plugin, Probe} from '../plugin-api/index.ts';
import {configOf, createHost, openEngine} from '../plugin-host/index.ts';
import {capabilitiesOf} from './capabilities.ts';
import type {Report, VerifyOptions} from './contract.ts';
import {engineCases} from './engine-cases.ts';
import {restrictionOf, restrictions} from './engine/restrictions.ts';
import {createLab, removeAll, type LabParts} from './engine-lab.ts';
import {runTrials, type Trial} from './trials.ts';
import {verdictOf} from './verdict.ts';

const features = [
  'exec',
  'killMarked',
  'terminal',
  'connect',
  'stats',
  'files',
  'images',
  'build',
  'snapshot',
  'removeVolume',
  'gateway',
] as const satisfies (keyof Features)[];
const PROBE_MS = 60_000;

export async function verifyEngine(plugin: Plugin<'engine', unknown>, options: VerifyOptions): Promise<Report> {
  const {module, config, stateDir, signal} = options;
  const host = createHost(plugin.name, join(stateDir, 'plugin'), () => undefined);
  mkdirSync(host.stateDir, {recursive: true, mode: 0o700});
  const opened: Engine[] = [];
  const open = async (given: unknown = config): Promise<Engine> => {
    const {engine} = await openEngine(plugin, await configOf(plugin, module, given), host);
    opened.push(engine);
    return engine;
  };
  try {
    const engine = await open();
    const probe = await engine.probe(AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]));
    if (!probe.usable) return unusable(plugin.name, probe);
    return await tryOut({engine, open, name: plugin.name, enforces: probe.enforces}, options);
  } finally {
    await Promise.allSettled(opened.map(one => one.close?.()));
  }
}

const unusable = (name: string, {why, fix}: Extract<Probe, {usable: false}>): Report => ({
  name,
  kind: 'engine',
  verdict: 'unusable',
  why,
  fix,
  capabilities: [],
  cases: [],
});

interface Opened extends Pick<LabParts, 'engine' | 'open'> {
  readonly name: string;
  readonly enforces: readonly string[];
}

async function tryOut({engine, open, name, enforces}: Opened, options: VerifyOptions): Promise<Report> {
  const {stateDir, restart, hungConfig} = options;
  const labels = {'boxyard.conformance': Math.random().toString(36).slice(2)};
  const image = engine.features.images === undefined ? undefined : options.image;
  const parts: LabParts = {engine, open, labels, image, stateDir, restart, hungConfig};
  try {
    const cases = await runTrials(
      engineCases.map(one => trialOf(one, parts)),
      options,
    );
    const offers = [
      ...features.map(key => ({name: key, kind: 'feature' as const, isOffered: engine.features[key] !== undefined})),
      ...restrictions.map(key => ({name: key, kind: 'restriction' as const, isOffered: enforces.includes(key)})),
    ];
    return {name, kind: 'engine', ...verdictOf(cases, options.signal), capabilities: capabilitiesOf(cases, offers), cases};
  } finally {
    await removeAll(engine, labels).catch(() => undefined);
  }
}

function trialOf(one: Case, parts: LabParts): Trial {
  const missing = one.needs.filter(key => parts.engine.features[key] === undefined);
  const restriction = restrictionOf(one.name);
  const wants = {restart: parts.restart === undefined, hung: parts.hungConfig === undefined};
  const leftOut =
    missing.length > 0
      ? `no ${missing.join(', ')}`
      : one.asks?.some(ask => wants[ask])
        ? `nobody said how: ${one.asks.includes('restart') ? '--restart' : '--hung-config'}`
        : undefined;
  return {
    name: one.name,
    needs: [...one.needs, ...(restriction === undefined ? [] : [restriction])],
    leftOut,
    isAlone: one.isAlone,
    run: signal => runInLab(one, parts, signal),
  };
}

async function runInLab(one: Case, parts: LabParts, signal: AbortSignal): Promise<void> {
  const lab = createLab(parts, signal);
  try {
    await one.run(parts.engine, lab);
  } catch (error) {
    // The first cause is what is told.
    await lab.clear().catch(() => undefined);
    throw error;
  }
  await lab.clear();
}
