import {describe, expect, test} from 'vitest';
import {runScenario} from '../faults/run-scenario.ts';
import {scenarios} from '../faults/scenarios/index.ts';

const seed = Number(process.env['BOXYARD_FAULT_SEED'] ?? 1);

/** One half of the short set of the fault suite: every second scenario, beginning at `first`. `npm run faults` runs the long set. */
export function testShortFaults(first: 0 | 1): void {
  const half = scenarios.filter(scenario => scenario.isShort).filter((_, index) => index % 2 === first);
  describe(`under faults (seed ${seed})`, () => {
    test.each(half.map(scenario => [scenario.name, scenario] as const))(
      '%s',
      async (_, scenario) => {
        const result = await runScenario(scenario, {seed, short: true, log: () => undefined});
        if (result.verdict === 'skipped') console.log(`skipped: ${scenario.name}: ${result.why}`);
        // Whole: an assertion would show the beginning of it.
        if (result.verdict === 'broken') throw new Error(result.why);
        expect(['held', 'skipped']).toContain(result.verdict);
      },
      120_000,
    );
  });
}
