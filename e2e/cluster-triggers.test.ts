import {expect, test} from 'vitest';
import {runScenario} from '../faults/run-scenario.ts';
import {scenarios} from '../faults/scenarios/index.ts';

/** In the long set of `npm run faults` with more rounds; a minute of a schedule has to pass, which is too long for the short one. */
test(
  'a cluster of two roles on three machines with docker and podman: schedule, webhook and changed files each start what they should, whoever dies',
  {timeout: 400_000},
  async ({skip}) => {
    const scenario = scenarios.find(each => each.name.startsWith('J5 '))!;
    const result = await runScenario(scenario, {seed: Number(process.env['BOXYARD_FAULT_SEED'] ?? 1), short: true, log: () => undefined});
    if (result.verdict === 'skipped') {
      console.log(`skipped: ${result.why}`);
      skip();
    }
    expect(result.verdict === 'broken' ? result.why : '').toBe('');
  },
);
