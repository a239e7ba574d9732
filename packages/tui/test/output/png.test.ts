import {crc32, inflateSync} from 'node:zlib';
import {expect, test} from 'vitest';
import {encodePng} from '../../src/output/png.ts';

test('a picture is a PNG whose every chunk is whole and whose pixels are the same', () => {
  const [width, height] = [5, 4];
  const pixels = Uint32Array.from({length: width * height}, (_, at) => (at * 0x0a_0b_0c + 0x7f) & 0xffffff);
  const png = encodePng({width, height, pixels});
  expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const rows = inflateSync(chunks.get('IDAT')!);
  const line = width * 3 + 1;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width * 3; x += 1) {
      const at = y * line + 1 + x;
      rows[at] = rows[at]! + (y === 0 ? 0 : rows[at - line]!);
      expect(rows[at]).toBe((pixels[y * width + Math.floor(x / 3)]! >>> ((x % 3) * 8)) & 255);
    }
});
