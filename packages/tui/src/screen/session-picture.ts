import type {IBufferCell, Terminal} from '@xterm/headless';
import {hasUnshowable, unshowable} from '../output/safe-text.ts';
import type {Canvas, Region} from './cells.ts';
import {attribute, plainStyle, rgb, type Style} from './style.ts';

type Window = Pick<Region, 'columns' | 'rows'>;

/** Which part of a screen a smaller window shows: the one around the cursor, or `back` lines above the end. */
export interface View {
  /** Of the buffer. */
  readonly top: number;
  readonly left: number;
}

export function viewOf(screen: Terminal, window: Window, back: number): View {
  const {active} = screen.buffer;
  if (back > 0) return {top: Math.max(0, active.baseY + screen.rows - window.rows - back), left: 0};
  const above = Math.min(Math.max(0, active.cursorY - window.rows + 1), Math.max(0, screen.rows - window.rows));
  const left = Math.min(Math.max(0, active.cursorX - window.columns + 1), Math.max(0, screen.cols - window.columns));
  return {top: active.baseY + above, left};
}

/** Draws straight from the emulator's cells. Nothing of what a program writes reaches the terminal but these. */
export function paintSession(screen: Terminal, canvas: Canvas, window: Window, {top, left}: View): void {
  const {active} = screen.buffer;
  const cell = active.getNullCell();
  let style = plainStyle;
  for (let row = 0; row < Math.min(window.rows, active.length - top); row += 1) {
    const line = active.getLine(top + row);
    for (let column = 0; line !== undefined && column < Math.min(window.columns, screen.cols - left); column += 1) {
      if (line.getCell(left + column, cell) === undefined) break;
      style = styleOfCell(cell, style);
      const width = cell.getWidth();
      // The half of a character that begins left of the window is a blank.
      if (width === 0 && column > 0) continue;
      canvas.put(column, row, width === 0 ? ' ' : shown(cell.getChars()), width || 1, style);
    }
  }
}

function shown(characters: string): string {
  if (characters === '') return ' ';
  if (characters.length === 1 || !hasUnshowable(characters)) return hasUnshowable(characters) ? ' ' : characters;
  return characters.replace(unshowable, '') || ' ';
}

/** `last` where it looks the same: most cells look as the one before. */
function styleOfCell(cell: IBufferCell, last: Style): Style {
  const foreground = cell.isFgDefault() ? -1 : colour(cell.isFgRGB(), cell.getFgColor());
  const background = cell.isBgDefault() ? -1 : colour(cell.isBgRGB(), cell.getBgColor());
  const attributes =
    (cell.isBold() ? attribute.bold : 0) |
    (cell.isDim() ? attribute.dim : 0) |
    (cell.isItalic() ? attribute.italic : 0) |
    (cell.isUnderline() ? attribute.underline : 0) |
    (cell.isInverse() ? attribute.inverse : 0) |
    (cell.isInvisible() ? attribute.hidden : 0) |
    (cell.isStrikethrough() ? attribute.strike : 0);
  const isSame = foreground === last.foreground && background === last.background && attributes === last.attributes;
  return isSame ? last : {foreground, background, attributes};
}

const colour = (isTrue: boolean, value: number): number => (isTrue ? rgb((value >> 16) & 255, (value >> 8) & 255, value & 255) : value);
