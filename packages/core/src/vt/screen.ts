import headless, {type IBufferCell, type Terminal} from '@xterm/headless';
import type {Size} from './size.ts';
import {widths} from './width.ts';

/** Colours and styles, of a cell or of what is written next. */
export interface Pen extends Pick<
  IBufferCell,
  | 'isBold'
  | 'isDim'
  | 'isItalic'
  | 'isUnderline'
  | 'isBlink'
  | 'isInverse'
  | 'isInvisible'
  | 'isStrikethrough'
  | 'isOverline'
  | 'isFgRGB'
  | 'isFgPalette'
  | 'isBgRGB'
  | 'isBgPalette'
  | 'getFgColor'
  | 'getBgColor'
> {
  getUnderlineStyle(): number;
}

type Charset = Readonly<Record<string, string>> | undefined;

interface Lines {
  readonly x: number;
  readonly y: number;
  readonly savedX: number;
  readonly savedY: number;
  readonly savedCurAttrData: Pen;
  readonly savedCharset: Charset;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Readonly<Record<string, boolean>>;
}

/**
 * What the emulator knows and has no public way to: pinned to its exact version, and held to it by the test that compares
 * redraws with the originals.
 */
export interface Inside {
  readonly buffers: {readonly normal: Lines; readonly alt: Lines};
  readonly buffer: Lines;
  readonly _inputHandler: {readonly _curAttrData: Pen};
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly decPrivateModes: {
      readonly cursorStyle?: 'block' | 'underline' | 'bar';
      readonly cursorBlink?: boolean;
      readonly applicationKeypad: boolean;
    };
  };
  readonly coreMouseService: {readonly activeEncoding: string};
  readonly _charsetService: {readonly glevel: number; readonly charset: Charset; readonly _charsets: readonly Charset[]};
}

export const insideOf = (screen: Terminal): Inside => (screen as unknown as {readonly _core: Inside})._core;

export const openScreen = (size: Size, history: number): Terminal => {
  const screen = new headless.Terminal({cols: size.columns, rows: size.rows, scrollback: history, allowProposedApi: true, logLevel: 'off'});
  screen.unicode.register(widths);
  screen.unicode.activeVersion = widths.version;
  return screen;
};

/** Character sets beside ASCII that the emulator is asked for in practice: the lines and corners of DEC. */
export const letterOf = (set: Charset): string => (set?.['q'] === '─' ? '0' : 'B');
