import {mkdtempSync} from 'node:fs';
import {join} from 'node:path';
import type {Box, Display, Engine, Plugin} from '../plugin-api/index.ts';
import {configOf, createFrom, createHost, invalid} from '../plugin-host/index.ts';
import {capabilitiesOf} from './capabilities.ts';
import type {DisplayBox, DisplayCase, Report, VerifyOptions} from './contract.ts';
import {displayCases} from './display-cases.ts';
import {createLab, removeAll, type LabParts} from './engine-lab.ts';
import {must, startHeld} from './engine/steps.ts';
import {runTrials, type Trial} from './trials.ts';
import {verdictOf} from './verdict.ts';

const size = {width: 1024, height: 768};

export async function verifyDisplay(plugin: Plugin<'display', unknown>, options: VerifyOptions): Promise<Report> {
  const {module, config, stateDir, engine} = options;
  if (engine?.features.exec === undefined || engine.features.connect === undefined)
    throw invalid(module, 'engine', 'a display is tried with an engine that has exec and connect, and none was given');
  const host = createHost(plugin.name, mkdtempSync(join(stateDir, 'plugin-')), () => undefined);
  const display: unknown = await createFrom(plugin, await configOf(plugin, module, config), host);
  if (typeof (display as Partial<Display> | undefined)?.open !== 'function') throw invalid(plugin.name, 'shape', 'its display has no open');
  const labels = {'boxyard.conformance': Math.random().toString(36).slice(2)};
  const image = engine.features.images === undefined ? undefined : options.image;
  const open = async () => engine;
  const parts: LabParts = {engine, open, image, labels, stateDir, restart: undefined, hungConfig: undefined};
  try {
    const cases = await runTrials(
      displayCases.map(one => trialOf(one, display as Display, parts)),
      options,
    );
    return {name: plugin.name, kind: 'display', ...verdictOf(cases, options.signal), capabilities: capabilitiesOf(cases, []), cases};
  } finally {
    await removeAll(engine, labels).catch(() => undefined);
  }
}

const trialOf = (one: DisplayCase, display: Display, parts: LabParts): Trial => ({
  name: one.name,
  needs: [],
  run: async signal => {
    const lab = createLab(parts, signal);
    try {
      const box = async () => inside(parts.engine, await startHeld(parts.engine, lab), signal);
      await one.run(display, {signal, size, box});
    } finally {
      await lab.clear();
    }
  },
});

const inside = (engine: Engine, box: Box, signal: AbortSignal): DisplayBox => ({
  exec: (command, given) => must(engine.features.exec)(box, command, given),
  connect: (port, given) => must(engine.features.connect)(box, port, given),
  // Where the engine cannot count, the case has nothing to compare.
  processes: async () => (await engine.features.stats?.(box, signal))?.pids ?? 0,
  stop: () => box.stop(0, signal),
});
