import {constants, crc32, deflateSync} from 'node:zlib';

/** A picture in memory: red, green, blue and an unused byte for each pixel, top row first. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

export const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const TRUE_COLOUR = 2;
const UP = 2;

/** The picture as a PNG file. A row is written as what differs from the one above, which desktops are mostly equal in. `level`: of zlib. */
export function encodePng(picture: Pixels, level = constants.Z_DEFAULT_COMPRESSION): Buffer {
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', headerOf(picture)),
    chunk('IDAT', deflateSync(rowsOf(picture), {level})),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function headerOf({width, height}: Pixels): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, TRUE_COLOUR], 8);
  return head;
}

export function rowsOf({width, height, pixels}: Pixels): Buffer {
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0, at = 0; y < height; y += 1) {
    rows[at++] = UP;
    for (let x = 0; x < width; x += 1) {
      const pixel = pixels[y * width + x]!;
      const above = y === 0 ? 0 : pixels[(y - 1) * width + x]!;
      for (let shift = 0; shift < 24; shift += 8) rows[at++] = ((pixel >>> shift) & 255) - ((above >>> shift) & 255);
    }
  }
  return rows;
}

export function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
