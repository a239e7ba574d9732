import {panes, type Pane, type State} from './state.ts';

export interface PaneArea {
  readonly pane: Pane;
  /** Title and column line included. */
  readonly height: number;
}

export const leastColumns = 60;
export const leastRows = 10;

/** How many lines each pane gets; header and footer take one each, and the sum is exact, so that the screen never scrolls. */
export function layout(state: State): readonly PaneArea[] {
  const body = state.rows - 2;
  if (state.zoom !== undefined) return [{pane: state.zoom, height: body}];
  if (body < 20) return [{pane: state.focus, height: body}];
  const workers = Math.min(2 + Math.max(1, state.workers.length), Math.floor(body * 0.25));
  const devboxes = Math.min(2 + Math.max(1, state.devboxes.length), Math.floor(body * 0.25));
  const jobs = Math.floor((body - workers - devboxes) / 2);
  const heights: Record<Pane, number> = {workers, devboxes, jobs, log: body - workers - devboxes - jobs};
  return panes.map(pane => ({pane, height: heights[pane]}));
}

/** First visible row, so that the selected one is inside. */
export const firstVisible = (selected: number, count: number, total: number): number =>
  Math.max(0, Math.min(selected - Math.floor(count / 2), total - count));
