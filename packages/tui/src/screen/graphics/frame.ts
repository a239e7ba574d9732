import type {Rect} from '@boxyard/core/rfb';
import type {Region} from '../cells.ts';
import {dotsOf, type Picture, type Viewport} from '../viewport.ts';
import {DirtyCells} from './dirty-cells.ts';
import type {Area} from './graphics.ts';
import {averageAcross, averageDown, tapsOf} from './resample.ts';

/** A picture in the size in which an area of the terminal shows it; black where the picture ends within its last cells. */
export class Frame implements Picture {
  readonly area: Area;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
  readonly #view: Viewport;
  readonly #dirty: DirtyCells;
  readonly #across: ReturnType<typeof tapsOf>;
  readonly #down: ReturnType<typeof tapsOf>;

  constructor(view: Viewport) {
    const {dots, left, top, width, height, from} = view;
    const [columns, rows] = [Math.ceil(width / dots.width), Math.ceil(height / dots.height)];
    this.area = {left: left / dots.width, top: top / dots.height, columns, rows, cell: dots};
    this.width = columns * dots.width;
    this.height = rows * dots.height;
    this.pixels = new Uint32Array(this.width * this.height);
    this.#view = view;
    this.#dirty = new DirtyCells(columns, rows);
    this.#dirty.addAll();
    this.#across = tapsOf(from.width, width);
    this.#down = tapsOf(from.height, height);
  }

  /** Takes over what shows any of `changed`. The cells that show something else since the last call; all at the first. */
  draw(picture: Picture, changed: readonly Rect[]): readonly Region[] {
    for (const rect of changed) {
      const dots = dotsOf(rect, this.#view);
      if (dots.width > 0 && dots.height > 0) this.#scale(picture, dots);
    }
    return this.#dirty.take();
  }

  #scale(picture: Picture, {x, y, width, height}: Rect): void {
    const {from} = this.#view;
    const [across, down] = [this.#across, this.#down];
    const last = y + height - 1;
    const first = down.starts[y]!;
    const end = down.starts[last]! + down.at[last + 1]! - down.at[last]!;
    const lines = Array.from({length: end - first}, (_, line) => {
      const start = (from.y + first + line) * picture.width + from.x;
      return from.width === this.#view.width
        ? picture.pixels.subarray(start + x, start + x + width)
        : averageAcross(picture.pixels, start, across, [x, x + width]);
    });
    for (let dot = y; dot <= last; dot += 1) this.#put(averageDown(lines, first, down, dot), x, dot);
  }

  #put(line: Uint32Array, x: number, y: number): void {
    const {width, height} = this.area.cell;
    const row = Math.floor(y / height);
    const start = y * this.width + x;
    for (let at = 0; at < line.length; at += 1) {
      if (this.pixels[start + at] === line[at]) continue;
      this.pixels[start + at] = line[at]!;
      this.#dirty.add(Math.floor((x + at) / width), row);
    }
  }
}
