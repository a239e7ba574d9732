import {crc32, inflateSync} from 'node:zlib';

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Shown {
  readonly shownMs: number;
  readonly area: Area;
  /** Of the whole picture: red, green, blue. */
  readonly rgb: Buffer;
}

/** Reads an animated PNG as the PNG specification (third edition) has it, and throws at the first thing it does not. */
export function decodeApng(png: Buffer): {width: number; height: number; plays: number; pictures: Shown[]} {
  const chunks = [...chunksOf(png)];
  const [head, control] = [chunks[0]!, chunks.find(({name}) => name === 'acTL')!];
  const [width, height] = [head.data.readUInt32BE(0), head.data.readUInt32BE(4)];
  if (head.name !== 'IHDR' || head.data.readUInt16BE(8) !== 0x0802) throw new Error('not eight bits of true colour');
  if (chunks.at(-1)!.name !== 'IEND') throw new Error('no end');
  const canvas = Buffer.alloc(width * height * 3);
  const pictures: Shown[] = [];
  let sequence = 0;
  let current: {area: Area; shownMs: number; parts: Buffer[]} | undefined;
  const finish = () => {
    if (current === undefined) return;
    draw(canvas, width, current.area, inflateSync(Buffer.concat(current.parts)));
    pictures.push({shownMs: current.shownMs, area: current.area, rgb: Buffer.from(canvas)});
    current = undefined;
  };
  for (const {name, data} of chunks) {
    if (name === 'fcTL' || name === 'fdAT')
      if (data.readUInt32BE(0) !== sequence++) throw new Error(`out of sequence: ${data.readUInt32BE(0)} at ${sequence - 1}`);
    if (name === 'fcTL') {
      finish();
      const area = {width: data.readUInt32BE(4), height: data.readUInt32BE(8), x: data.readUInt32BE(12), y: data.readUInt32BE(16)};
      if (area.x + area.width > width || area.y + area.height > height) throw new Error('a part outside the picture');
      current = {area, shownMs: (data.readUInt16BE(20) * 1_000) / data.readUInt16BE(22), parts: []};
      if (data.readUInt16BE(24) !== 0) throw new Error('disposed of or blended');
    }
    if (name === 'IDAT') current!.parts.push(data);
    if (name === 'fdAT') current!.parts.push(data.subarray(4));
  }
  finish();
  if (control.data.readUInt32BE(0) !== pictures.length) throw new Error(`says ${control.data.readUInt32BE(0)} of ${pictures.length}`);
  return {width, height, plays: control.data.readUInt32BE(4), pictures};
}

function* chunksOf(png: Buffer): Generator<{name: string; data: Buffer}> {
  if (png.toString('latin1', 0, 8) !== '\u0089PNG\r\n\u001a\n') throw new Error('no PNG');
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    if (png.readUInt32BE(at + 8 + length) !== crc32(body)) throw new Error(`a broken chunk at ${at}`);
    yield {name: body.toString('latin1', 0, 4), data: body.subarray(4)};
    at += 12 + length;
  }
}

function draw(canvas: Buffer, width: number, area: Area, rows: Buffer): void {
  const line = area.width * 3;
  let above: Buffer = Buffer.alloc(line);
  for (let y = 0; y < area.height; y += 1) {
    const row = unfiltered(rows[y * (line + 1)]!, rows.subarray(y * (line + 1) + 1, (y + 1) * (line + 1)), above);
    row.copy(canvas, ((area.y + y) * width + area.x) * 3);
    above = row;
  }
}

function unfiltered(filter: number, row: Buffer, above: Buffer): Buffer {
  const out = Buffer.alloc(row.length);
  row.forEach((value, at) => {
    const [left, up, corner] = [out[at - 3] ?? 0, above[at]!, above[at - 3] ?? 0];
    const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
    out[at] = value + guesses[filter]!;
  });
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
