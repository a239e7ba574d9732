import type {Lab} from './lab.ts';

export type Unit = 'ms' | 'jobs/s' | 'MB/s' | 'MB' | 'kB' | 'bytes' | '% of a core' | 'commands' | 'commits/s' | 'writes';

/** What performance.md allows, of our number divided by that of the baseline, less that of the baseline, or alone. */
export type Budget = {readonly of: 'ratio' | 'difference' | 'product'} & ({readonly most: number} | {readonly least: number});

/** One line of the table. `case` tells the lines of one figure apart; a line without budget is there to be read, not judged. */
export interface Row {
  readonly figure: string;
  readonly case: string;
  readonly unit: Unit;
  readonly product?: number;
  readonly baseline?: number;
  readonly budget?: Budget;
  readonly note?: string;
  /** Why it could not be measured here; then there are no numbers. */
  readonly skipped?: string;
}

/** A row of performance.md. `measure` starts what it needs in the lab it is given, which is torn down after it. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  measure(lab: Lab): Promise<readonly Row[]>;
}

export const rowName = (row: Pick<Row, 'figure' | 'case'>): string => `${row.figure} ${row.case}`.trim();

export const ratioOf = (row: Row): number | undefined =>
  row.product === undefined || !row.baseline ? undefined : row.product / row.baseline;

/** The number a budget looks at, and that later runs are compared with. */
export const judged = (row: Row): number | undefined => {
  if (row.budget?.of === 'product') return row.product;
  if (row.budget?.of === 'difference')
    return row.product === undefined || row.baseline === undefined ? undefined : row.product - row.baseline;
  return ratioOf(row) ?? row.product;
};

export function verdict(row: Row): 'ok' | 'over' | 'skipped' | '' {
  if (row.skipped) return 'skipped';
  const value = judged(row);
  if (!row.budget || value === undefined) return '';
  const isWithin = 'most' in row.budget ? value <= row.budget.most : value >= row.budget.least;
  return isWithin ? 'ok' : 'over';
}

/** Undefined where more is neither good nor bad. */
export const moreIsWorse = (row: Row): boolean | undefined => {
  if (row.budget) return 'most' in row.budget;
  return row.unit === 'jobs/s' || row.unit === 'MB/s' ? false : undefined;
};
