import {inflateSync} from 'node:zlib';

/** Pixels of exactly this colour in a PNG of ours, whose rows say how they differ from the one above. */
export function countIn(png: Buffer, ...wanted: readonly [number, number, number]): number {
  const [width, height] = sizeOf(png);
  const rows = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
  const line = width * 3 + 1;
  for (let at = line + 1; at < rows.length; at += 1) if (at % line !== 0) rows[at]! += rows[at - line]!;
  let found = 0;
  for (let y = 0; y < height; y += 1)
    for (let at = y * line + 1; at < (y + 1) * line; at += 3) found += Number(wanted.every((value, part) => rows[at + part] === value));
  return found;
}

export const sizeOf = (png: Buffer): readonly [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)];
