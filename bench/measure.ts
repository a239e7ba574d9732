export interface Sides {
  /** One run of each; what is returned is the figure (a time, a rate), not the time the call took, unless it is `timed`. */
  readonly product: () => Promise<number>;
  readonly baseline: () => Promise<number>;
}

export interface Medians {
  readonly product: number;
  readonly baseline: number;
}

/** Baseline and product by turns, so that whatever else the machine does meets both; who begins changes every time. At least 5 runs. */
export async function interleave(sides: Sides, {runs, warmUp = 2}: {runs: number; warmUp?: number}): Promise<Medians> {
  const seen = {product: [] as number[], baseline: [] as number[]};
  for (let run = -warmUp; run < Math.max(5, runs); run++) {
    const order = run % 2 === 0 ? (['baseline', 'product'] as const) : (['product', 'baseline'] as const);
    for (const side of order) {
      const value = await sides[side]();
      if (run >= 0) seen[side].push(value);
    }
  }
  return {product: median(seen.product), baseline: median(seen.baseline)};
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** A side that is the median of `count` goes, one after the other: for things of a millisecond. */
export const medianOf = (count: number, work: () => Promise<unknown>) => async (): Promise<number> => {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await timed(work));
  return median(times);
};

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) throw new Error('the median of nothing was asked for');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Least squares: how much `y` grows with one more `x`. */
export function slope(points: readonly {readonly x: number; readonly y: number}[]): number {
  const meanX = points.reduce((sum, {x}) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, {y}) => sum + y, 0) / points.length;
  const across = points.reduce((sum, {x, y}) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, {x}) => sum + (x - meanX) ** 2, 0);
}

/** The exponent of growth between smallest and largest: 1 is in proportion, 0 does not grow, 2 is square. */
export function growth(points: readonly {readonly x: number; readonly y: number}[]): number {
  return slope(points.map(({x, y}) => ({x: Math.log(x), y: Math.log(Math.max(y, Number.MIN_VALUE))})));
}
