import {afterAll, describe, it} from 'vitest';
import type {Case} from '@boxyard/core/plugin-api';
import {conformanceCases} from '@boxyard/core/testing';
import {openEngine, type EngineUnderTest} from './engine-lab.ts';

const CASE_MS = 120_000;

/** Every case as a test of its own; where the engine is absent they are skipped, and why is printed. */
export const describeConformance = async (name: string, options: {config?: unknown; prepare?: () => Promise<string>}): Promise<void> => {
  const opened = await open(name, options);
  if ('absent' in opened) {
    process.stderr.write(`conformance of ${name} skipped: ${opened.absent}\n`);
    describe.skip(`${name} (${opened.absent})`, () => it('is not here', () => undefined));
    return;
  }
  describe(name, {concurrent: true, timeout: CASE_MS}, () => {
    afterAll(() => opened.open.close());
    const features = opened.open.engine.features;
    for (const one of conformanceCases) {
      const missing = one.needs.filter(key => features[key] === undefined);
      if (missing.length === 0) it(one.name, () => runCase(opened.open, one));
      else it.skip(`${one.name} (no ${missing.join(', ')})`, () => undefined);
    }
  });
};

const open = async (name: string, {config, prepare}: {config?: unknown; prepare?: () => Promise<string>}) => {
  try {
    const image = await prepare?.();
    return await openEngine(name, {config, ...(image === undefined ? {} : {image})});
  } catch (error) {
    return {absent: (error as Error).message.split('\n', 1)[0] ?? 'unknown'};
  }
};

const runCase = async ({engine, lab: openLab}: EngineUnderTest, one: Case): Promise<void> => {
  const lab = openLab(AbortSignal.timeout(CASE_MS - 10_000));
  try {
    await one.run(engine, lab);
  } finally {
    for (const name of lab.names) await (await engine.find(name, lab.signal))?.remove(lab.signal);
  }
  const left = await lab.leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
};
