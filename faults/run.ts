/**
 * The fault suite: `npm run faults`. One scenario after another, each in a private Boxyard; a table at the end, exit 1 if a
 * promise was broken.
 *   --short         the set that runs within `npm test`
 *   --only TEXT     scenarios whose name contains it; may be given several times
 *   --seed N        for the random choices; the default is drawn and printed
 *   --json FILE     the results as JSON
 *   --times N       the whole set again and again
 *   --list          names only
 */
import {randomInt} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {availableParallelism, totalmem} from 'node:os';
import {parseArgs} from 'node:util';
import {runScenario, type Result} from './run-scenario.ts';
import {scenarios} from './scenarios/index.ts';
import {markdownTable} from './table.ts';

const {values} = parseArgs({
  options: {
    short: {type: 'boolean', default: false},
    only: {type: 'string', multiple: true},
    seed: {type: 'string'},
    json: {type: 'string'},
    times: {type: 'string', default: '1'},
    list: {type: 'boolean', default: false},
    verbose: {type: 'boolean', default: false},
  },
});

const seed = Number(values.seed ?? randomInt(1, 1_000_000));
const chosen = scenarios.filter(each => (values.only ? values.only.some(text => each.name.includes(text)) : !values.short || each.isShort));

// Ctrl-C leaves by `exit`, on which every lab that is open ends its processes.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

if (values.list) chosen.forEach(each => console.log(`${each.isShort ? 'short' : 'long '} ${each.name}`));
else process.exitCode = await runAll();

async function runAll(): Promise<number> {
  console.log(`seed ${seed}, ${chosen.length} scenarios`);
  const results: Result[] = [];
  for (let time = 0; time < Number(values.times); time += 1)
    for (const scenario of chosen) {
      const log = (line: string) => values.verbose && console.log(`    ${line}`);
      const result = await runScenario(scenario, {seed: seed + time, short: values.short, log});
      results.push(result);
      console.log(
        `${result.verdict.padEnd(7)} ${result.seconds.toFixed(1).padStart(6)} s  ${result.name}${'why' in result ? `\n          ${result.why.replaceAll('\n', '\n          ')}` : ''}`,
      );
    }
  console.log(`\n${markdownTable(results)}`);
  const machine = {cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30)};
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({at: new Date().toISOString(), seed, short: values.short, machine, results}, undefined, 2)}\n`,
    );
  return results.some(result => result.verdict === 'broken') ? 1 : 0;
}
