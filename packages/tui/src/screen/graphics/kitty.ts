import {constants, deflateSync} from 'node:zlib';
import type {Region} from '../cells.ts';
import {move} from '../emit.ts';
import type {Picture} from '../viewport.ts';
import {cut} from './dirty-cells.ts';
import type {Area, Graphics} from './graphics.ts';
import {FIRST_ID, LAST_ID, MOST_SIDE, placeholders, type Tiles} from './placeholders.ts';

export interface KittyOptions {
  /** Cells that stand for the picture as text does, also behind a multiplexer; otherwise it lies where the cursor was. */
  readonly hasPlaceholders: boolean;
  /** What a multiplexer would keep for itself is wrapped so that it hands it on. */
  readonly wrap: (sequence: string) => string;
  /** 1 to 29: tells the images of one program from those of others on the same terminal. */
  readonly series: number;
}

/** Of a side of a tile, about: one pixel that changed costs a tile. */
const TILE_PIXELS = 128;
const MOST_PAYLOAD = 4096;

/**
 * The graphics protocol of kitty: an image for each tile of the area, which is sent again where it changed. An image that is sent
 * under a number that is taken replaces that one, on the screen as well.
 */
export function kitty({hasPlaceholders, wrap, series}: KittyOptions): Graphics {
  let shown: {readonly area: Area; readonly tiles: Tiles} | undefined;
  const number = (tile: number) => series * 2 ** 24 + FIRST_ID + tile;
  const remove = () => {
    const count = shown === undefined ? 0 : shown.tiles.across * shown.tiles.down;
    shown = undefined;
    return Buffer.from(Array.from({length: count}, (_, tile) => wrap(`\u001b_Ga=d,d=I,i=${number(tile)},q=2\u001b\\`)).join(''), 'latin1');
  };
  return {
    spareRows: 0,
    remove,
    paint(frame, dirty, area) {
      const parts: Buffer[] = [];
      if (shown?.area !== area) {
        parts.push(remove());
        shown = {area, tiles: tilesOf(area)};
        if (hasPlaceholders) parts.push(Buffer.from(placeholders(area, shown.tiles, series)));
      }
      const {tiles} = shown;
      for (const tile of dirtyTiles(dirty, tiles)) {
        const region = regionOf(tile, tiles, area);
        const place = hasPlaceholders ? 'U=1' : 'p=1,C=1,z=-1';
        const keys = `a=T,${place},i=${number(tile)},c=${region.columns},r=${region.rows}`;
        if (!hasPlaceholders) parts.push(Buffer.from(move(area.top + region.top, area.left + region.left)));
        parts.push(Buffer.from(image(keys, pixelsOf(frame, region, area), wrap), 'latin1'));
      }
      return Buffer.concat(parts);
    },
  };
}

/** As large as tiles should be; larger where there are not numbers enough for so many. */
function tilesOf({columns, rows, cell}: Area): Tiles {
  for (let side = TILE_PIXELS; ; side *= 1.25) {
    const of = (pixels: number) => Math.min(MOST_SIDE, Math.max(1, Math.round(side / pixels)));
    const tile = {columns: of(cell.width), rows: of(cell.height)};
    const tiles = {...tile, across: Math.ceil(columns / tile.columns), down: Math.ceil(rows / tile.rows)};
    const isLargest = tile.columns === MOST_SIDE && tile.rows === MOST_SIDE;
    if (tiles.across * tiles.down <= LAST_ID - FIRST_ID + 1 || isLargest) return tiles;
  }
}

function dirtyTiles(dirty: readonly Region[], {columns, rows, across}: Tiles): Set<number> {
  const parts = dirty.flatMap(region => cut(region, {columns, rows}));
  return new Set(parts.map(({left, top}) => Math.floor(top / rows) * across + Math.floor(left / columns)));
}

function regionOf(tile: number, {columns, rows, across}: Tiles, area: Area): Region {
  const [left, top] = [(tile % across) * columns, Math.floor(tile / across) * rows];
  return {left, top, columns: Math.min(columns, area.columns - left), rows: Math.min(rows, area.rows - top)};
}

interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

function pixelsOf(frame: Picture, {left, top, columns, rows}: Region, {cell}: Area): Rgb {
  const [width, height] = [columns * cell.width, rows * cell.height];
  const bytes = Buffer.allocUnsafe(width * height * 3);
  let to = 0;
  for (let y = top * cell.height; y < top * cell.height + height; y += 1) {
    const start = y * frame.width + left * cell.width;
    for (let at = start; at < start + width; at += 1) {
      const pixel = frame.pixels[at]!;
      bytes[to] = pixel;
      bytes[to + 1] = pixel >>> 8;
      bytes[to + 2] = pixel >>> 16;
      to += 3;
    }
  }
  return {width, height, bytes};
}

/** Silent (`q=2`): the terminal's answers would be typing. */
function image(keys: string, {width, height, bytes}: Rgb, wrap: KittyOptions['wrap']): string {
  const payload = deflateSync(bytes, {level: constants.Z_BEST_SPEED}).toString('base64');
  const parts: string[] = [];
  for (let at = 0; at < payload.length; at += MOST_PAYLOAD) {
    const first = at === 0 ? `${keys},f=24,s=${width},v=${height},o=z,` : '';
    const more = at + MOST_PAYLOAD < payload.length ? 1 : 0;
    parts.push(wrap(`\u001b_G${first}q=2,m=${more};${payload.slice(at, at + MOST_PAYLOAD)}\u001b\\`));
  }
  return parts.join('');
}
