import type {Terminal} from '@xterm/headless';
import {openScreen} from '@boxyard/core/vt/screen';
import {decodePng, type Decoded} from './decode-png.ts';
import {decodeSixel} from './decode-sixel.ts';
import {KittyImages} from './kitty-images.ts';

/** A sequence that carries a picture, whole; what follows it is text again. */
const carrier =
  /\u001b_G([^\u001b]*)\u001b\\|\u001bP[\d;]*q([^\u001b]*)\u001b\\|\u001b\]1337;File=([^:\u0007]*):([^\u0007]*)\u0007|\u001bPtmux;((?:[^\u001b]|\u001b\u001b)*)\u001b\\/;
const openCarrier = /\u001b(?:$|[_P\]](?:(?!\u001b\\)[^\u0007])*$)/;
const MARK = '\ue000';
/** Numbers in the order of the protocol. */
const marks = [
  0x305, 0x30d, 0x30e, 0x310, 0x312, 0x33d, 0x33e, 0x33f, 0x346, 0x34a, 0x34b, 0x34c, 0x350, 0x351, 0x352, 0x357, 0x35b, 0x363, 0x364,
  0x365, 0x366, 0x367, 0x368, 0x369, 0x36a, 0x36b, 0x36c, 0x36d, 0x36e, 0x36f,
];

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly cell: {readonly width: number; readonly height: number};
}

/**
 * A terminal that shows pictures, decoded from the bytes alone: kitty's with placeholders and without, sixels and OSC 1337.
 * Text that is written over a picture takes its place, but under kitty's, which lie behind it.
 */
export class PictureTerminal {
  readonly terminal: Terminal;
  readonly kitty = new KittyImages();
  readonly #size: TerminalSize;
  readonly #painted: Int32Array;
  #held = '';
  #work = Promise.resolve();

  constructor(size: TerminalSize) {
    this.#size = size;
    this.terminal = openScreen(size, 100);
    this.#painted = new Int32Array(this.width * size.rows * size.cell.height).fill(-1);
  }

  get width(): number {
    return this.#size.columns * this.#size.cell.width;
  }

  /** Resolves when it is shown. Cut anywhere. */
  write(bytes: Buffer): Promise<void> {
    this.#work = this.#work.then(() => this.#take(bytes.toString('latin1')));
    return this.#work;
  }

  /** What a person sees of pictures: `0xBBGGRR`, -1 where there is none. */
  async pixels(): Promise<Int32Array> {
    await this.#work;
    const shown = new Int32Array(this.#painted.length).fill(-1);
    for (const image of this.kitty.kept.values()) if (image.at) this.#copy(image, image.at, shown);
    for (let row = 0; row < this.#size.rows; row += 1)
      for (let column = 0; column < this.#size.columns; column += 1) this.#showCell(column, row, shown);
    return shown;
  }

  async lines(): Promise<readonly string[]> {
    await this.#work;
    const {active} = this.terminal.buffer;
    return Array.from(
      {length: this.#size.rows},
      (_, row) =>
        active
          .getLine(active.viewportY + row)
          ?.translateToString(true)
          .trimEnd() ?? '',
    );
  }

  async #take(latin1: string): Promise<void> {
    let rest = this.#held + latin1;
    for (let found = carrier.exec(rest); found !== null; found = carrier.exec(rest)) {
      await this.#text(rest.slice(0, found.index));
      rest = rest.slice(found.index + found[0].length);
      const [, command, six, keys, file, wrapped] = found;
      if (wrapped !== undefined) rest = wrapped.replaceAll('\u001b\u001b', '\u001b') + rest;
      else if (command !== undefined) this.kitty.take(command, this.#cursor());
      else if (six !== undefined) await this.#paint(decodeSixel(six), 6);
      else await this.#file(keys!, Buffer.from(file!, 'base64'));
    }
    const open = openCarrier.exec(rest)?.index ?? rest.length;
    this.#held = rest.slice(open);
    await this.#text(rest.slice(0, open));
  }

  #text(latin1: string): Promise<void> {
    return new Promise(resolve => this.terminal.write(Buffer.from(latin1, 'latin1'), resolve));
  }

  #cursor(): {column: number; row: number} {
    const {cursorX, cursorY} = this.terminal.buffer.active;
    return {column: cursorX, row: cursorY};
  }

  async #file(keys: string, file: Buffer): Promise<void> {
    const of = new Map(keys.split(';').map(pair => pair.split('=') as [string, string]));
    const image = decodePng(file);
    const {cell} = this.#size;
    if (Number(of.get('size')) !== file.length || of.get('inline') !== '1') throw new Error(keys);
    if (Number(of.get('width')) * cell.width !== image.width || Number(of.get('height')) * cell.height !== image.height)
      throw new Error(keys);
    await this.#paint(image, 1);
  }

  /** The cursor goes below, which scrolls at the lowest row. A picture is as high as whole bands are. */
  async #paint(image: Decoded, band: number): Promise<void> {
    const at = this.#cursor();
    const {cell} = this.#size;
    this.#copy(image, at, this.#painted);
    const [columns, rows] = [Math.ceil(image.width / cell.width), Math.ceil((Math.ceil(image.height / band) * band) / cell.height)];
    const marked = Math.ceil(image.height / cell.height);
    const lines = Array.from({length: marked}, (_, line) => `\u001b[${at.row + line + 1};${at.column + 1}H${MARK.repeat(columns)}`);
    const before = this.terminal.buffer.active.baseY;
    await this.#text(Buffer.from(`\u001b7\u001b[m${lines.join('')}\u001b8${'\u001bD'.repeat(rows)}`).toString('latin1'));
    if (this.terminal.buffer.active.baseY !== before) throw new Error('the picture scrolled the screen');
  }

  #copy({width, height, pixels}: Decoded, {column, row}: {column: number; row: number}, to: Int32Array): void {
    const {cell} = this.#size;
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1) {
        const pixel = pixels[y * width + x]!;
        if (pixel >= 0) to[(row * cell.height + y) * this.width + column * cell.width + x] = pixel;
      }
  }

  #showCell(column: number, row: number, shown: Int32Array): void {
    const {active} = this.terminal.buffer;
    const found = active.getLine(active.viewportY + row)?.getCell(column);
    const [base, down = 0, across = 0, series = 0] = [...(found?.getChars() ?? '')].map(each => each.codePointAt(0)!);
    if (base === MARK.charCodeAt(0)) return this.#block(this.#painted, this.width, {from: {column, row}, to: {column, row}}, shown);
    if (base !== 0x10_eeee || found === undefined) return;
    if (!found.isFgPalette()) throw new Error('a placeholder without the number of its image');
    const image = this.kitty.kept.get(found.getFgColor() + marks.indexOf(series) * 2 ** 24);
    if (image === undefined) return;
    const {cell} = this.#size;
    if (image.at !== undefined || image.width !== image.columns * cell.width || image.height !== image.rows * cell.height)
      throw new Error(`an image of ${image.width}×${image.height} for ${image.columns}×${image.rows} cells`);
    this.#block(image.pixels, image.width, {from: {column: marks.indexOf(across), row: marks.indexOf(down)}, to: {column, row}}, shown);
  }

  #block(source: Int32Array, width: number, {from, to}: Move, shown: Int32Array): void {
    const {cell} = this.#size;
    for (let y = 0; y < cell.height; y += 1)
      for (let x = 0; x < cell.width; x += 1)
        shown[(to.row * cell.height + y) * this.width + to.column * cell.width + x] =
          source[(from.row * cell.height + y) * width + from.column * cell.width + x]!;
  }
}

interface Move {
  readonly from: {readonly column: number; readonly row: number};
  readonly to: {readonly column: number; readonly row: number};
}
