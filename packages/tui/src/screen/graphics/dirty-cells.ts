import type {Region} from '../cells.ts';

/** Which cells of an area show something else now. */
export class DirtyCells {
  readonly #columns: number;
  readonly #rows: number;
  readonly #isDirty: Uint8Array;
  #count = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#isDirty = new Uint8Array(columns * rows);
  }

  add(column: number, row: number): void {
    const at = row * this.#columns + column;
    this.#count += 1 - this.#isDirty[at]!;
    this.#isDirty[at] = 1;
  }

  addAll(): void {
    this.#isDirty.fill(1);
    this.#count = this.#isDirty.length;
  }

  /** All of them, in as few regions as cover little else; then there are none. Regions may overlap. */
  take(): Region[] {
    if (this.#count === 0) return [];
    const done: Region[] = [];
    let open: Region[] = [];
    for (let row = 0; row < this.#rows; row += 1) {
      const next = this.#runs(row);
      const grown: Region[] = [];
      for (const region of open) {
        const at = next.findIndex(run => isWorth(region, run));
        if (at < 0) done.push(region);
        else grown.push(together(region, next.splice(at, 1)[0]!));
      }
      open = [...grown, ...next];
    }
    this.#isDirty.fill(0);
    this.#count = 0;
    return [...done, ...open];
  }

  #runs(row: number): Region[] {
    const runs: Region[] = [];
    let from = -1;
    let until = -1;
    const end = () => void (from >= 0 && runs.push({left: from, top: row, columns: until - from, rows: 1}));
    for (let column = 0; column < this.#columns; column += 1) {
      if (this.#isDirty[row * this.#columns + column] === 0) continue;
      if (column - until > BRIDGED) {
        end();
        from = column;
      }
      if (from < 0) from = column;
      until = column + 1;
    }
    end();
    return runs;
  }
}

/** Clean cells between dirty ones: another picture costs more than so many of them. */
const BRIDGED = 4;
/** Two are painted as one where it is not larger than both by more than this. */
const MOST_WASTE = 1.5;

const sizeOf = ({columns, rows}: Region): number => columns * rows;
const isWorth = (a: Region, b: Region): boolean => sizeOf(together(a, b)) <= (sizeOf(a) + sizeOf(b)) * MOST_WASTE;

function together(a: Region, b: Region): Region {
  const [left, top] = [Math.min(a.left, b.left), Math.min(a.top, b.top)];
  const [right, bottom] = [Math.max(a.left + a.columns, b.left + b.columns), Math.max(a.top + a.rows, b.top + b.rows)];
  return {left, top, columns: right - left, rows: bottom - top};
}

/** In parts of at most this size, cut where a grid of it has its lines. */
export function cut({left, top, columns, rows}: Region, most: {readonly columns: number; readonly rows: number}): Region[] {
  const parts: Region[] = [];
  for (let y = top; y < top + rows;) {
    const bottom = Math.min(top + rows, (Math.floor(y / most.rows) + 1) * most.rows);
    for (let x = left; x < left + columns;) {
      const right = Math.min(left + columns, (Math.floor(x / most.columns) + 1) * most.columns);
      parts.push({left: x, top: y, columns: right - x, rows: bottom - y});
      x = right;
    }
    y = bottom;
  }
  return parts;
}
