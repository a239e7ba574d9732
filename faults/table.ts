import type {Result} from './run-scenario.ts';

const headings = ['scenario', 'fault', 'jobs', 'invariants', 'result', 's'] as const;

/** The results as a Markdown table; what broke is listed below it. */
export function markdownTable(results: readonly Result[]): string {
  const rows = results.map(cells);
  const line = (row: readonly string[]) => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const broken = results.filter(result => result.verdict === 'broken');
  return [
    line(headings),
    line(headings.map(() => '---')),
    ...rows.map(line),
    '',
    ...broken.flatMap(result => [`- ${result.name}: ${result.why.split('\n')[0]}`]),
  ].join('\n');
}

function cells(result: Result): string[] {
  const figures =
    result.verdict === 'held' && result.figures ? Object.entries(result.figures).map(([key, value]) => `${key} ${value}`) : [];
  const verdict = result.verdict === 'skipped' ? `skipped: ${result.why}` : [result.verdict, ...figures].join('; ');
  return [
    result.name,
    result.fault,
    result.verdict === 'held' ? String(result.jobs) : '',
    result.invariants,
    verdict,
    result.seconds.toFixed(1),
  ];
}
