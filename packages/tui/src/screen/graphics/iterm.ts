import {encodePng} from '../../output/png.ts';
import {move} from '../emit.ts';
import {cut} from './dirty-cells.ts';
import type {Graphics} from './graphics.ts';
import {partOf} from './part.ts';

/** Terminals hold a sequence whole before they read it. */
const MOST_CELLS = {columns: 64, rows: 16};
/** Of zlib: a frame must not cost more than its terminal takes to draw it. */
const LEVEL = 1;

/** OSC 1337 of iTerm2: a PNG for each part that changed, over the cells it covers. They are free again when they are written to. */
export const iterm = (): Graphics => ({
  spareRows: 0,
  remove: () => Buffer.alloc(0),
  paint(frame, dirty, area) {
    const parts = dirty.flatMap(region => cut(region, MOST_CELLS));
    return Buffer.concat(
      parts.map(part => {
        const png = encodePng(partOf(frame, part, area), LEVEL);
        const keys = `inline=1;size=${png.length};width=${part.columns};height=${part.rows};preserveAspectRatio=0;doNotMoveCursor=1`;
        const place = move(area.top + part.top, area.left + part.left);
        return Buffer.from(`${place}\u001b]1337;File=${keys}:${png.toString('base64')}\u0007`, 'latin1');
      }),
    );
  },
});
