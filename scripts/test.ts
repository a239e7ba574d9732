/**
 * `npm test` after set-up: the checks, then every test; the last line is `N passed, N failed`, which is also left in
 * `.cache/test-summary`. Arguments go to vitest.
 */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {runChecks} from './checks.ts';
import {runTool} from './run-tool.ts';

const results = '.cache/tests.json';
const summary = '.cache/test-summary';
/** With set-up and checks less than the half hour that the whole may take. */
const MINUTES = 27;
const containersConf = '/run/boxyard-tests/containers.conf';

process.chdir(`${import.meta.dirname}/..`);
mkdirSync('.cache', {recursive: true});
for (const file of [results, summary]) rmSync(file, {force: true});
if (existsSync(containersConf)) process.env['CONTAINERS_CONF'] ??= containersConf;

const checks = await runChecks();
const tests = await runTests();
const passed = checks.passed + tests.passed;
const failed = checks.failed + tests.failed;
const line = `${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`;
writeFileSync(summary, `${line}\n`);
console.log(line);
process.exitCode = failed === 0 ? 0 : 1;

async function runTests(): Promise<{passed: number; failed: number; skipped: number}> {
  const args = [
    'run',
    '--reporter=default',
    '--reporter=./scripts/failures-at-once.ts',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ];
  const {ok, seconds} = await runTool('vitest', args, {live: true, minutes: MINUTES});
  if (!existsSync(results)) {
    console.log(seconds < MINUTES * 60 ? 'The tests ended without results.' : `The tests were ended after ${MINUTES} minutes.`);
    return {passed: 0, failed: 1, skipped: 0};
  }
  const found = JSON.parse(readFileSync(results, 'utf8')) as Record<
    'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numFailedTestSuites',
    number
  >;
  // A file that cannot be loaded and an error outside any test have no test of their own to fail.
  const failedTests = Math.max(found.numFailedTests, ok ? 0 : 1);
  return {passed: found.numPassedTests, failed: failedTests, skipped: found.numPendingTests};
}
