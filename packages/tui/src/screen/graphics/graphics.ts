import type {Region} from '../cells.ts';
import type {Picture, Size} from '../viewport.ts';

/** Cells of the terminal, and what they measure. Another object is another place, whatever it says. */
export interface Area extends Region {
  /** Pixels of one of its cells. */
  readonly cell: Size;
}

/**
 * One way in which terminals show pixels. One instance paints one area at a time. Bytes are to be written in the order in which
 * they were asked for, all of them, with the pen plain; the cursor is anywhere behind them. Text written into the area
 * afterwards damages the picture.
 */
export interface Graphics {
  /** Cells of a picture nobody may use: the terminal counts on room below it. */
  readonly spareRows: number;
  /**
   * Makes the terminal show what `frame` has within `dirty`. The frame is as large as the area, pixel by pixel; `dirty` is in
   * cells from the area's corner, and all of it the first time an area is painted. Empty where nothing is dirty.
   */
  paint(frame: Picture, dirty: readonly Region[], area: Area): Buffer;
  /** Takes away what the terminal keeps for the last area. Idempotent. */
  remove(): Buffer;
}
