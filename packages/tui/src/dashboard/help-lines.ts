import {actionsOf, keyText} from './actions/registry.ts';
import {bodyRows} from './layout.ts';
import {clip, pad} from '../output/width.ts';
import type {State} from './state.ts';

/** What keys do here, drawn from the same table that obeys them; only those that hold what is searched for. */
export function helpLines(state: State, search: string): readonly string[] {
  const wanted = search.toLowerCase();
  return actionsOf(state)
    .map(({keys, title, when, id}) => {
      const refusal = when?.(state);
      return `  ${keys.map(keyText).join(', ').padEnd(18)} ${title}${refusal === undefined ? '' : `   (${refusal})`}${keys.length === 0 ? `   :${id}` : ''}`;
    })
    .filter(line => line.toLowerCase().includes(wanted));
}

/** Two columns where there is room for them. */
const acrossOf = ({columns}: State): number => (columns < 120 ? 1 : 2);
export const helpRows = (state: State): number => bodyRows(state) - 1;

/** The furthest that help can be scrolled: its end at the end of the screen. */
export const helpEnd = (state: State, search: string): number =>
  Math.max(0, helpLines(state, search).length - helpRows(state) * acrossOf(state));

/** Rows of the page of help that begins at line `top`. */
export function helpPage(state: State, search: string, top: number): readonly string[] {
  const rows = helpRows(state);
  const lines = helpLines(state, search).slice(top);
  if (acrossOf(state) === 1) return lines.slice(0, rows);
  const column = Math.floor(state.columns / 2);
  return Array.from({length: rows}, (_, i) => `${pad(clip(lines[i] ?? '', column - 1), column)}${lines[rows + i] ?? ''}`);
}
