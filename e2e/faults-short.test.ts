import {describe, expect, test} from 'vitest';
import {runScenario} from '../faults/run-scenario.ts';
import {scenarios} from '../faults/scenarios/index.ts';

/** The short set of the fault suite; `npm run faults` runs the long one and prints its table. */
const seed = Number(process.env['BOXYARD_FAULT_SEED'] ?? 1);

describe(`under faults (seed ${seed})`, () => {
  test.each(scenarios.filter(scenario => scenario.isShort).map(scenario => [scenario.name, scenario] as const))(
    '%s',
    async (_, scenario) => {
      const result = await runScenario(scenario, {seed, short: true, log: () => undefined});
      if (result.verdict === 'skipped') console.log(`skipped: ${scenario.name}: ${result.why}`);
      expect(result.verdict === 'broken' ? result.why : '').toBe('');
    },
    120_000,
  );
});
