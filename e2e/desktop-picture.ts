import {createHash} from 'node:crypto';
import {inflateSync} from 'node:zlib';

/** Pixels of exactly this colour in a PNG of ours. */
export function countIn(png: Buffer, ...wanted: readonly [number, number, number]): number {
  const rgb = rgbOf(png);
  let found = 0;
  for (let at = 0; at < rgb.length; at += 3) found += Number(wanted.every((value, part) => rgb[at + part] === value));
  return found;
}

export const sizeOf = (png: Buffer): readonly [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)];

/** As a tab of the browser's says it of its canvas. */
export const canvasOf = (png: Buffer): {size: string; digest: string} => ({
  size: sizeOf(png).join('x'),
  digest: createHash('sha256').update(rgbOf(png)).digest('hex'),
});

/** Red, green and blue of a PNG of ours, whose rows say how they differ from the one above. */
export function rgbOf(png: Buffer): Buffer {
  const [width, height] = sizeOf(png);
  const rows = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
  const line = width * 3 + 1;
  for (let at = line + 1; at < rows.length; at += 1) if (at % line !== 0) rows[at]! += rows[at - line]!;
  return Buffer.concat(Array.from({length: height}, (_, y) => rows.subarray(y * line + 1, (y + 1) * line)));
}
