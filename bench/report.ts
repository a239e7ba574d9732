import {judged, moreIsWorse, ratioOf, rowName, verdict, type Budget, type Row} from './figure.ts';

/** Rows of the committed run, by name. */
export type Committed = Readonly<Record<string, Row>>;

const worseBy = 1.2;

/** How many times worse than the committed run, if more than 20 %. */
export function regression(row: Row, committed: Committed): number | undefined {
  const before = committed[rowName(row)];
  const [now, then] = [judged(row), before && judged(before)];
  const more = moreIsWorse(row);
  if (now === undefined || !then || more === undefined) return undefined;
  const factor = more ? now / then : then / now;
  return factor > worseBy ? factor : undefined;
}

const headings = ['figure', 'Boxyard', 'baseline', 'ratio', 'budget', 'verdict'] as const;

export function table(rows: readonly Row[], committed: Committed, color: boolean): string {
  const lines = rows.map(row => cells(row, committed));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...lines.map(line => line[i]!.length)));
  const draw = (line: readonly string[]) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const body = rows.map((row, i) => {
    const said = row.skipped ?? row.note;
    const line = draw(lines[i]!) + (said ? `  ${said}` : '');
    return color && regression(row, committed) ? `\u001B[31m${line}\u001B[39m` : line;
  });
  return [draw(headings), ...body].join('\n');
}

function cells(row: Row, committed: Committed): string[] {
  const ratio = ratioOf(row);
  const worse = regression(row, committed);
  const result = [verdict(row), worse && `${Math.round((worse - 1) * 100)} % worse than committed`];
  return [
    rowName(row),
    amount(row.product, row.unit),
    amount(row.baseline, row.unit),
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    row.budget ? allowed(row.budget, row.unit) : '',
    result.filter(Boolean).join(', '),
  ];
}

export const allowed = (budget: Budget, unit: string): string => {
  const suffix = budget.of === 'ratio' ? '×' : budget.of === 'difference' ? `${unit} more` : unit;
  return 'most' in budget ? `≤ ${budget.most} ${suffix}` : `≥ ${budget.least} ${suffix}`;
};

const amount = (value: number | undefined, unit: string): string => (value === undefined ? '' : `${digits(value)} ${unit}`);

const digits = (value: number): string => {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** The page that is committed: the same table, in Markdown. `machine` says how large it was, never which. */
export function page(rows: readonly Row[], machine: readonly string[]): string {
  const line = (cellsOfLine: readonly string[]) => `| ${cellsOfLine.join(' | ')} |`;
  const body = rows.map(row => line([...cells(row, {}), row.skipped ?? row.note ?? '']));
  return [
    '# Measured',
    '',
    'Written by `npm run bench -- --write`. Every figure is a median, measured side by side with its baseline in one run; the budgets are',
    'ratios, so that they hold on any machine. A line without a budget is there to be read. What each figure is: `bench/README.md`.',
    '',
    ...machine.map(fact => `- ${fact}`),
    '',
    line([...headings, 'note']),
    line([...headings, 'note'].map((_, i) => (i === 0 || i > 4 ? '---' : '--:'))),
    ...body,
    '',
  ].join('\n');
}
