import {EventEmitter} from 'node:events';
import {PassThrough} from 'node:stream';
import type {Terminal} from '@xterm/headless';
import {expect, vi} from 'vitest';
import {insideOf, openScreen} from '@boxyard/core/vt/screen';

export interface ShownCell {
  readonly text: string;
  readonly width: number;
  readonly foreground: number;
  readonly background: number;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

/** A terminal of any size, emulated: what is written to it is shown, what it answers and what is typed comes from it. */
export interface Harness extends Disposable {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** For `openTerminal`: modes are no frames. */
  readonly writeNow: (text: string) => void;
  readonly isRaw: () => boolean;
  readonly terminal: Terminal;
  /** What a person sees now, without blanks at the ends of lines. */
  lines(): Promise<readonly string[]>;
  cells(): Promise<readonly (readonly ShownCell[])[]>;
  /** From 0; undefined while it is hidden. */
  cursor(): Promise<{readonly column: number; readonly row: number} | undefined>;
  /** Everything that was written, modes included. */
  bytes(): string;
  /** What was written to stdout since the beginning or the last `forget`, one for each write. */
  frames(): readonly string[];
  forget(): void;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** The terminal takes no more until it is called again with false. */
  block(isBlocked: boolean): void;
  shows(text: string | RegExp): Promise<void>;
  /** One write for each frame, each within one synchronized update, nothing cleared, the cursor never skipping, `most` bytes together. */
  obeys(most?: number): void;
}

const frame = /^\u001b\[\?2026h(?:(?!\u001b\[\?2026)[^])+\u001b\[\?2026l$/;

export function openHarness({columns, rows}: {readonly columns: number; readonly rows: number}): Harness {
  const terminal = openScreen({columns, rows}, 100);
  terminal.options.convertEol = true;
  let written = '';
  let frames: string[] = [];
  let isBlocked = false;
  let isRaw = false;
  const show = (text: string) => {
    written += text;
    terminal.write(text);
  };
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    getColorDepth: () => 24,
    write(text: string, ...rest: readonly unknown[]) {
      if (text !== '') frames.push(text);
      show(text);
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(() => void done());
      return !isBlocked;
    },
  });
  const keyboard = new PassThrough();
  const setRawMode = (on: boolean) => void (isRaw = on);
  const stdin = Object.assign(keyboard, {isTTY: true, setRawMode, ref: () => undefined, unref: () => undefined});
  terminal.onData(answer => void stdin.write(answer));
  const settled = () => new Promise<void>(resolve => terminal.write('', resolve));
  const lines = async () => {
    await settled();
    const {active} = terminal.buffer;
    return Array.from({length: terminal.rows}, (_, row) => (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd());
  };
  return {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    writeNow: show,
    isRaw: () => isRaw,
    terminal,
    lines,
    async cells() {
      await settled();
      return Array.from({length: terminal.rows}, (_, row) =>
        Array.from({length: terminal.cols}, (__, column) => cellAt(terminal, row, column)),
      );
    },
    async cursor() {
      await settled();
      const {active} = terminal.buffer;
      return isHidden(terminal) ? undefined : {column: active.cursorX, row: active.cursorY};
    },
    bytes: () => written,
    frames: () => frames,
    forget: () => void (frames = []),
    type: text => void stdin.write(text),
    resize(width, height) {
      terminal.resize(width, height);
      Object.assign(stdout, {columns: width, rows: height});
      stdout.emit('resize');
    },
    block(on) {
      isBlocked = on;
      if (!on) stdout.emit('drain');
    },
    shows: async text => vi.waitFor(async () => expect((await lines()).join('\n')).toMatch(text), 5_000),
    obeys(most = Number.POSITIVE_INFINITY) {
      expect(frames.filter(text => !frame.test(text))).toEqual([]);
      expect(written).not.toMatch(/\u001b\[[23]J/);
      expect(frames.join('')).not.toMatch(/\u001b\[\d*C/);
      expect(frames.join('').length).toBeLessThanOrEqual(most);
    },
    [Symbol.dispose]() {
      terminal.dispose();
      stdin.destroy();
    },
  };
}

function cellAt(terminal: Terminal, row: number, column: number): ShownCell {
  const {active} = terminal.buffer;
  const cell = active.getLine(active.baseY + row)!.getCell(column)!;
  const colour = (isDefault: boolean, isTrue: boolean, value: number) => (isDefault ? -1 : isTrue ? 0x1000000 | value : value);
  return {
    text: cell.getChars(),
    width: cell.getWidth(),
    foreground: colour(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()),
    background: colour(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor()),
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    inverse: cell.isInverse() !== 0,
  };
}

const isHidden = (terminal: Terminal): boolean => insideOf(terminal).coreService.isCursorHidden;
