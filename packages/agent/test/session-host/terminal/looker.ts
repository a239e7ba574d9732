import type {Terminal as Screen} from '@xterm/headless';
import {openScreen} from '@boxyard/core/vt/screen';
import type {Size} from '@boxyard/core/plugin-api';
import type {View, ViewPart, ViewSink} from '../../../src/session-host/terminal/view.ts';

/** A viewer with a terminal of its own, fed as a client's would be: a redraw on a cleared screen, then what follows. */
export class Looker implements ViewSink {
  readonly screens: {at: number; bytes: number; output: number; size: Size}[] = [];
  length: number | undefined;
  received = 0;
  controls = false;
  output = 0;
  text = '';
  view: View | undefined;
  readonly #window: number;
  #screen: Screen;
  #drawing = 0;
  readonly answers: string[] = [];

  constructor(size: Size, window = 64 * 1024) {
    this.#window = window;
    this.#screen = this.#open(size);
  }

  screen(drawn: {at: number; bytes: number; output: number; size: Size}): void {
    this.screens.push(drawn);
  }

  ready(): void {
    for (let part = this.view?.next(); part !== undefined; part = this.view?.next()) this.#take(part);
  }

  #take({offset, bytes}: ViewPart): void {
    if (offset !== this.received) throw new Error(`bytes at ${offset} where ${this.received} were received`);
    const drawn = this.screens.find(one => one.at === offset);
    if (drawn !== undefined) {
      this.#screen = this.#open(drawn.size);
      this.#drawing = drawn.bytes;
      this.output = drawn.output;
    }
    const redrawn = Math.min(this.#drawing, bytes.length);
    this.#drawing -= redrawn;
    this.output += bytes.length - redrawn;
    this.received += bytes.length;
    this.text += bytes.toString('latin1');
    this.#screen.write(bytes);
    setImmediate(() => this.view?.credit(Math.min(bytes.length, this.#window)));
  }

  control(controls: boolean): void {
    this.controls = controls;
  }

  end(length: number): void {
    this.length = length;
  }

  async looks(): Promise<string> {
    return looksOf(this.#screen);
  }

  #open(size: Size): Screen {
    const screen = openScreen(size, 100);
    screen.onData(text => this.answers.push(text));
    return screen;
  }
}

/** Everything a person sees: text, cursor, styles, which screen, modes. */
export const looksOf = async (screen: Screen): Promise<string> => {
  await new Promise<void>(resolve => screen.write('', resolve));
  const {active} = screen.buffer;
  const rows = Array.from({length: screen.rows}, (_, row) => {
    const line = active.getLine(active.baseY + row);
    const cells = Array.from({length: screen.cols}, (_, column) => {
      const cell = line?.getCell(column);
      const chars = cell?.getChars() ?? '';
      const style = cell === undefined ? '' : `${cell.getFgColor()},${cell.getBgColor()},${cell.isBold()},${cell.isInverse()}`;
      return chars === '' || chars === ' ' ? (cell?.isInverse() || (cell?.getBgColor() ?? -1) > 0 ? `_${style}` : ' ') : `${chars}${style}`;
    });
    return cells.join('').trimEnd();
  });
  return JSON.stringify({rows, cursor: [active.cursorX, active.cursorY], type: active.type, modes: screen.modes}, null, 1);
};

export const plainScreen = (size: Size): Screen => openScreen(size, 100);
