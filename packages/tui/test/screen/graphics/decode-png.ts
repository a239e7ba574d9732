import {inflateSync} from 'node:zlib';

export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** `0xBBGGRR`; -1 where nothing was said. */
  readonly pixels: Int32Array;
}

/** A PNG of eight bits a channel without alpha, in one or many IDAT chunks, with any of the five filters. */
export function decodePng(png: Buffer): Decoded {
  if (png.toString('latin1', 1, 4) !== 'PNG') throw new Error('no PNG');
  const data: Buffer[] = [];
  let [width, height] = [0, 0];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const kind = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
    if (kind === 'IDAT') data.push(body);
    at += length + 12;
  }
  const rows = inflateSync(Buffer.concat(data));
  const line = width * 3;
  if (rows.length !== height * (line + 1)) throw new Error(`${rows.length} bytes for ${width}×${height}`);
  const bytes = new Uint8Array(height * line);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < line; x += 1) {
      const left = x < 3 ? 0 : bytes[y * line + x - 3]!;
      const above = y === 0 ? 0 : bytes[(y - 1) * line + x]!;
      const corner = x < 3 || y === 0 ? 0 : bytes[(y - 1) * line + x - 3]!;
      bytes[y * line + x] = rows[y * (line + 1) + 1 + x]! + predicted(rows[y * (line + 1)]!, left, above, corner);
    }
  const pixels = Int32Array.from(
    {length: width * height},
    (_, at) => bytes[at * 3]! | (bytes[at * 3 + 1]! << 8) | (bytes[at * 3 + 2]! << 16),
  );
  return {width, height, pixels};
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 3) return (left + above) >> 1;
  if (filter < 3) return [0, left, above][filter]!;
  const [byLeft, byAbove, byCorner] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  return byLeft <= byAbove && byLeft <= byCorner ? left : byAbove <= byCorner ? above : corner;
}
