import type {IBuffer, Terminal} from '@xterm/headless';
import {insideOf, letterOf, type Inside, type Pen} from './screen.ts';

/**
 * What a terminal of the same size, cleared and with all modes as at its start, is given to look and behave as this one:
 * both screens, cursor, pen, modes, margins, tab stops and what was saved. At most `history` lines go before the screen.
 */
export const redrawOf = (screen: Terminal, history: number): string => {
  const inside = insideOf(screen);
  const parts = [normalLines(screen, history)];
  if (screen.buffer.active.type === 'alternate') parts.push(alternate(screen, inside));
  parts.push(tabs(screen, inside), saved(inside.buffer), margins(screen, inside), cursor(screen, inside), ...settings(screen, inside));
  return parts.join('');
};

const CLEAR_PEN = '\u001b[0m';
const to = (row: number, column: number): string => `\u001b[${row + 1};${column + 1}H`;

const normalLines = (screen: Terminal, history: number): string => {
  const {normal} = screen.buffer;
  const first = Math.max(0, normal.baseY - history);
  const last = normal.baseY + screen.rows - 1;
  const lines: string[] = [];
  for (let row = first; row <= last; row += 1) {
    const isJoined = normal.getLine(row + 1)?.isWrapped === true && row < last && isFull(normal, row, screen.cols);
    lines.push(lineOf(normal, row, screen.cols), isJoined || row === last ? '' : '\r\n');
  }
  return lines.join('');
};

const alternate = (screen: Terminal, inside: Inside): string => {
  const {savedX, savedY, savedCurAttrData, savedCharset} = inside.buffers.normal;
  const back = `${to(savedY, Math.min(savedX, screen.cols - 1))}${penOf(savedCurAttrData)}\u001b(${letterOf(savedCharset)}`;
  const rows = Array.from({length: screen.rows}, (_, row) => {
    const line = lineOf(screen.buffer.alternate, row, screen.cols);
    return line === '' ? '' : `${to(row, 0)}${line}`;
  });
  return `${regionOf(inside.buffers.normal, screen.rows)}${back}\u001b[?1049h${CLEAR_PEN}\u001b(B\u001b[2J${rows.join('')}`;
};

const isFull = (buffer: IBuffer, row: number, columns: number): boolean => {
  const last = buffer.getLine(row)?.getCell(columns - 1);
  return last !== undefined && (last.getChars() !== '' || last.getWidth() === 0);
};

/** The cells of one line up to the last that shows anything, ending with a clear pen. */
export const lineOf = (buffer: IBuffer, row: number, columns: number): string => {
  const line = buffer.getLine(row);
  let text = '';
  let blank = '';
  let pen = CLEAR_PEN;
  for (let column = 0; column < columns; column += 1) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    // Half of a wide character would go on to the next row.
    if (cell.getWidth() === 2 && column + 1 >= columns) break;
    const chars = cell.getChars();
    const next = penOf(cell as unknown as Pen);
    if (chars === '' && next === CLEAR_PEN) {
      blank += ' ';
      continue;
    }
    if (blank !== '') text += pen === CLEAR_PEN ? blank : `${CLEAR_PEN}${blank}`;
    const before = blank === '' ? pen : CLEAR_PEN;
    text += `${next === before ? '' : next}${chars === '' ? ' ' : chars}`;
    blank = '';
    pen = next;
  }
  return pen === CLEAR_PEN ? text : `${text}${CLEAR_PEN}`;
};

/** Where the program saved its cursor (ESC 7) on the screen that shows. */
const saved = ({savedX, savedY, savedCurAttrData, savedCharset}: Inside['buffer']): string => {
  const pen = penOf(savedCurAttrData);
  const set = letterOf(savedCharset);
  if (savedX === 0 && savedY === 0 && pen === CLEAR_PEN && set === 'B') return '';
  return `${to(savedY, savedX)}${pen}\u001b(${set}\u001b7${CLEAR_PEN}\u001b(B`;
};

const tabs = (screen: Terminal, {buffer}: Inside): string => {
  const stops = Array.from({length: screen.cols}, (_, column) => column).filter(column => buffer.tabs[column] === true);
  const usual = Array.from({length: Math.ceil(screen.cols / 8)}, (_, index) => index * 8);
  if (stops.join() === usual.join()) return '';
  return `\u001b[3g${stops.map(column => `${to(0, column)}\u001bH`).join('')}`;
};

/** Both send the cursor home, so it is placed behind them. Some terminals keep one region for both screens. */
const margins = (screen: Terminal, {buffer}: Inside): string => {
  const region = regionOf(buffer, screen.rows);
  const isAlternate = screen.buffer.active.type === 'alternate';
  return `${region === '' && isAlternate ? '\u001b[r' : region}${screen.modes.originMode ? '\u001b[?6h' : ''}`;
};

const regionOf = ({scrollTop, scrollBottom}: Inside['buffer'], rows: number): string =>
  scrollTop === 0 && scrollBottom === rows - 1 ? '' : `\u001b[${scrollTop + 1};${scrollBottom + 1}r`;

/** A cursor behind the last column waits there to wrap: only writing the last character again brings it there. */
const cursor = (screen: Terminal, {buffer}: Inside): string => {
  const {active} = screen.buffer;
  const row = active.cursorY - (screen.modes.originMode ? buffer.scrollTop : 0);
  if (active.cursorX < screen.cols) return to(row, active.cursorX);
  const line = active.getLine(active.baseY + active.cursorY);
  const isWide = line?.getCell(screen.cols - 1)?.getWidth() === 0;
  const column = screen.cols - (isWide ? 2 : 1);
  const cell = line?.getCell(column);
  const chars = cell?.getChars();
  return `${to(row, column)}${cell === undefined ? '' : penOf(cell as unknown as Pen)}${chars === undefined || chars === '' ? ' ' : chars}`;
};

const mouse = {none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003'} as const;
const encodings: Readonly<Record<string, string>> = {SGR: '1006', SGR_PIXELS: '1016'};
const cursors = {block: 1, underline: 3, bar: 5} as const;

const settings = (screen: Terminal, inside: Inside): string[] => {
  const {modes} = screen;
  const {cursorStyle, cursorBlink, applicationKeypad} = inside.coreService.decPrivateModes;
  const {glevel, charset, _charsets} = inside._charsetService;
  // A restored cursor brings back the set in use and leaves its slot as it was.
  const sets = [0, 1, 2, 3].map(slot => (slot === glevel ? charset : _charsets[slot]));
  const on = (is: boolean, sequence: string): string => (is ? `\u001b${sequence}` : '');
  const mode = (name: string | undefined): string => (name === undefined || name === '' ? '' : `\u001b[?${name}h`);
  return [
    ...['(', ')', '*', '+'].map((slot, index) => on(letterOf(sets[index]) !== 'B', `${slot}0`)),
    ['', '\u000e', '\u001bn', '\u001bo'][glevel] ?? '',
    on(modes.applicationCursorKeysMode, '[?1h'),
    on(applicationKeypad, '='),
    on(modes.bracketedPasteMode, '[?2004h'),
    on(modes.insertMode, '[4h'),
    on(modes.reverseWraparoundMode, '[?45h'),
    on(modes.sendFocusMode, '[?1004h'),
    on(!modes.wraparoundMode, '[?7l'),
    on(screen.options.convertEol === true, '[20h'),
    mode(mouse[modes.mouseTrackingMode]),
    mode(encodings[inside.coreMouseService.activeEncoding]),
    cursorStyle === undefined ? '' : `\u001b[${cursors[cursorStyle] + (cursorBlink === true ? 0 : 1)} q`,
    penOf(inside._inputHandler._curAttrData),
    on(inside.coreService.isCursorHidden, '[?25l'),
  ];
};

const penOf = (pen: Pen): string => {
  const codes = ['0'];
  const add = (is: unknown, code: string) => void (is ? codes.push(code) : undefined);
  add(pen.isBold(), '1');
  add(pen.isDim(), '2');
  add(pen.isItalic(), '3');
  add(pen.isUnderline(), pen.getUnderlineStyle() > 1 ? `4:${pen.getUnderlineStyle()}` : '4');
  add(pen.isBlink(), '5');
  add(pen.isInverse(), '7');
  add(pen.isInvisible(), '8');
  add(pen.isStrikethrough(), '9');
  add(pen.isOverline(), '53');
  if (pen.isFgRGB() || pen.isFgPalette()) codes.push(colour(pen.getFgColor(), pen.isFgRGB(), 38));
  if (pen.isBgRGB() || pen.isBgPalette()) codes.push(colour(pen.getBgColor(), pen.isBgRGB(), 48));
  return `\u001b[${codes.join(';')}m`;
};

/** 38 is the foreground, 48 the background; the first sixteen colours have short forms. */
const colour = (value: number, isRgb: boolean, kind: 38 | 48): string => {
  if (isRgb) return `${kind};2;${value >> 16};${(value >> 8) & 255};${value & 255}`;
  if (value < 8) return String(kind - 8 + value);
  return value < 16 ? String(kind + 52 + value - 8) : `${kind};5;${value}`;
};
