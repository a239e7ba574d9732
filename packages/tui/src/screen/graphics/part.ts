import type {Region} from '../cells.ts';
import type {Picture} from '../viewport.ts';
import type {Area} from './graphics.ts';

/** The pixels of some of an area's cells. */
export function partOf(frame: Picture, {left, top, columns, rows}: Region, {cell}: Area): Picture {
  const [width, height] = [columns * cell.width, rows * cell.height];
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const start = (top * cell.height + y) * frame.width + left * cell.width;
    pixels.set(frame.pixels.subarray(start, start + width), y * width);
  }
  return {width, height, pixels};
}
