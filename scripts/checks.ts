import {runTool} from './run-tool.ts';

interface Check {
  readonly name: string;
  readonly tool: string;
  readonly args: readonly string[];
  readonly fix?: string;
}

const checks: readonly Check[] = [
  {name: 'types', tool: 'tsc@typescript', args: ['-p', 'tsconfig.json']},
  {name: 'types of the page in a browser', tool: 'tsc@typescript', args: ['-p', 'packages/core/src/display-page']},
  {name: 'lint, import table, cycles', tool: 'oxlint', args: []},
  {name: 'format', tool: 'prettier', args: ['--check', '--log-level=warn', '.'], fix: 'npm run format'},
  {name: 'nothing unused', tool: 'knip', args: ['--no-progress', '--no-config-hints']},
  {name: 'generated files', tool: './scripts/docs.ts', args: ['--check'], fix: 'npm run docs'},
];

export interface CheckTotals {
  readonly passed: number;
  readonly failed: number;
}

/** All checks that need no running program, two at a time; says of each whether it holds. */
export async function runChecks(): Promise<CheckTotals> {
  const results: boolean[] = [];
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) results.push(await runCheck(check));
  };
  await Promise.all([work(), work()]);
  const passed = results.filter(Boolean).length;
  return {passed, failed: results.length - passed};
}

async function runCheck({name, tool, args, fix}: Check): Promise<boolean> {
  const {ok, output, seconds} = await runTool(tool, args);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
  if (!ok) console.log(`${output.trimEnd()}${fix === undefined ? '' : `\nTo repair: ${fix}`}\n`);
  return ok;
}
