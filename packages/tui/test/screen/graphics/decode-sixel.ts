import type {Decoded} from './decode-png.ts';

const part = /#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)|([^])/g;

/** What stands between `ESC P … q` and its end, character by character, as a VT340 reads it. */
export function decodeSixel(data: string): Decoded {
  const raster = /^"1;1;(\d+);(\d+)/.exec(data);
  if (raster === null) throw new Error('no raster attributes');
  const paper = new Paper(Number(raster[1]), Number(raster[2]));
  for (const [, defined, red, green, blue, chosen, count, repeated, one, back, down, wrong] of data
    .slice(raster[0].length)
    .matchAll(part)) {
    if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} in a sixel`);
    if (defined !== undefined) paper.define(Number(defined), [red, green, blue].map(Number));
    else if (chosen !== undefined) paper.choose(Number(chosen));
    else if (back !== undefined) paper.x = 0;
    else if (down !== undefined) paper.down();
    else for (let times = Number(count ?? 1); times > 0; times -= 1) paper.six((repeated ?? one)!.charCodeAt(0) - 63);
  }
  return paper;
}

class Paper implements Decoded {
  readonly width: number;
  readonly height: number;
  readonly pixels: Int32Array;
  x = 0;
  #top = 0;
  #colour = -1;
  readonly #palette = new Map<number, number>();

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Int32Array(width * height).fill(-1);
  }

  define(number: number, percent: readonly number[]): void {
    if (number > 255) throw new Error(`colour ${number}`);
    const [red, green, blue] = percent.map(value => Math.round((value * 255) / 100));
    this.#palette.set(number, red! | (green! << 8) | (blue! << 16));
  }

  choose(number: number): void {
    const found = this.#palette.get(number);
    if (found === undefined) throw new Error(`colour ${number} was never defined`);
    this.#colour = found;
  }

  down(): void {
    this.x = 0;
    this.#top += 6;
  }

  six(bits: number): void {
    for (let bit = 0; bit < 6; bit += 1) {
      const y = this.#top + bit;
      if ((bits & (1 << bit)) === 0) continue;
      if (this.x >= this.width || y >= this.height) throw new Error(`a pixel outside at ${this.x},${y}`);
      this.pixels[y * this.width + this.x] = this.#colour;
    }
    this.x += 1;
  }
}
