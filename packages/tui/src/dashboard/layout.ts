import {memoryOf, placeOf, type State} from './state.ts';

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

export const leastColumns = 60;
export const leastRows = 16;
/** From here on what is chosen shows beside the list. */
export const wideColumns = 100;

/** Keys, and below them what was said, typed or done last. */
const footerRows = 2;

export const isTooSmall = ({columns, rows}: State): boolean => columns < leastColumns || rows < leastRows;
/** How many lines the header takes: it can be put away. */
export const headerRows = ({hasHeader}: State): number => (hasHeader ? 1 : 0);
export const bodyRows = (state: State): number => state.rows - headerRows(state) - footerRows;
export const bodyArea = (state: State): Area => ({left: 0, top: headerRows(state), columns: state.columns, rows: bodyRows(state)});

/** Home's two halves, with a line between; on a narrow screen one of them. */
export function homeAreas(state: State): {readonly list: Area | undefined; readonly side: Area | undefined} {
  const body = bodyArea(state);
  const isSide = memoryOf(state, 'home').pane === 'side' || (state.mode.is === 'capture' && placeOf(state).page === 'home');
  if (state.zoomed && isSide) return {list: undefined, side: body};
  if (state.columns < wideColumns || state.look.isLinear) return isSide ? {list: undefined, side: body} : {list: body, side: undefined};
  const columns = Math.max(36, Math.min(64, Math.round(state.columns * 0.38)));
  return {list: {...body, columns}, side: {...body, left: columns + 1, columns: state.columns - columns - 1}};
}

/** A pane's own lines: its title above, the facts below. */
export const insideOf = ({left, top, columns, rows}: Area): Area => ({left, top: top + 1, columns, rows: rows - 2});

/** How many of so many tiles stand side by side, each about the shape of a terminal. */
export const tilesAcross = (body: Area, count: number): number =>
  Math.max(1, Math.min(count, Math.ceil(Math.sqrt((count * body.columns) / (body.rows * 2.6)))));

/** Row by row. */
export function tiles(body: Area, count: number): readonly Area[] {
  if (count === 0) return [];
  const across = tilesAcross(body, count);
  const down = Math.ceil(count / across);
  return Array.from({length: count}, (_, i) => {
    const [row, column] = [Math.floor(i / across), i % across];
    const left = Math.floor((column * body.columns) / across);
    const top = Math.floor((row * body.rows) / down);
    return {
      left: body.left + left + (column === 0 ? 0 : 1),
      top: body.top + top,
      columns: Math.floor(((column + 1) * body.columns) / across) - left - (column === 0 ? 0 : 1),
      rows: Math.floor(((row + 1) * body.rows) / down) - top,
    };
  });
}

/** First row shown, so that the cursor is inside. */
export const firstVisible = (cursor: number, count: number, total: number): number =>
  Math.max(0, Math.min(cursor - Math.floor(count / 2), total - count));
