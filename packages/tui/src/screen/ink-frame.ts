/**
 * What one write of Ink 8 means, incremental rendering off and no alternate screen of its own. A frame is written whole:
 *
 *   [hide the cursor, back to the bottom] erase the lines before, or home and erase, then all lines [place the cursor]
 *
 * between begin and end of a synchronized update, which are writes of their own. The contract test renders with the real
 * Ink and holds this file to it.
 */
export type InkWrite =
  /** All lines, styled, with an empty one behind them where they do not fill the terminal; `cursor` where Ink placed it. */
  | {readonly is: 'frame'; readonly lines: readonly string[]; readonly cursor: InkCursor | undefined}
  /** The same lines, another place for the cursor. */
  | {readonly is: 'cursor'; readonly cursor: InkCursor | undefined}
  /** Modes, or erasing before a frame that follows: nothing to show. */
  | {readonly is: 'nothing'}
  /** Something this file does not know. */
  | {readonly is: 'unknown'};

export interface InkCursor {
  readonly column: number;
  readonly row: number;
}

/** `count` is how many lines the last frame had: Ink moves its cursor relative to them. */
export function readInkWrite(text: string, count: number): InkWrite {
  const bare = text.replace(modes, '');
  if (bare === '') return {is: 'nothing'};
  const placed = suffix.exec(text);
  const body = placed === null ? text : text.slice(0, placed.index);
  const start = prefix.exec(body)![0].length;
  const shown = body.slice(start);
  if (shown === '') return withoutLines(text, placed, count);
  const clean = shown.replace(modes, '');
  if (moving.test(clean)) return {is: 'unknown'};
  const lines = clean.split('\n');
  return {is: 'frame', lines, cursor: placed === null ? undefined : cursorOf(placed, lines.length)};
}

const modes = /\u001b\[\?[\d;]*[hl]|\u001b\[[<>=?][\d;]*u/g;
/** Back to the bottom, then every line erased upwards; or up or home, and erased downwards. */
const prefix =
  /^(?:\u001b\[\?25l)?(?:\u001b\[\d*B)?(?:\u001b\[1?G)?(?:(?:\u001b\[2K(?:\u001b\[1?A)?)+\u001b\[G|(?:\u001b\[1;1H|(?:\u001b\[\d*A)?\u001b\[1?G)\u001b\[0?J)?/;
const suffix = /(?:\u001b\[(\d*)A)?\u001b\[(\d*)G\u001b\[\?25h$/;
/** Moves, erases or scrolls: a text that does it is no list of lines. */
const moving = /\u001b\[[\d;]*[A-HJKLMPSTX`adf]|[\r\b]/;

function withoutLines(text: string, placed: RegExpExecArray | null, count: number): InkWrite {
  const isErasing = /\u001b\[(?:2K|0?J)/.test(text);
  if (placed !== null && !isErasing) return {is: 'cursor', cursor: cursorOf(placed, count)};
  const rest = text.replace(modes, '').replace(/\u001b\[(?:1;1H|\d*[ABGJK])/g, '');
  if (rest !== '') return {is: 'unknown'};
  return isErasing ? {is: 'nothing'} : {is: 'cursor', cursor: undefined};
}

const cursorOf = ([, up, column]: RegExpExecArray, count: number): InkCursor => ({
  column: Math.max(0, Number(column || '1') - 1),
  row: count - 1 - (up === undefined ? 0 : Number(up || '1')),
});
