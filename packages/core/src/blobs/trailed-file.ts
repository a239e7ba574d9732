import {createReadStream} from 'node:fs';
import {stat} from 'node:fs/promises';
import {BoxyardError} from '../errors/index.ts';
import {readPart} from './job-output.ts';

/** A file of bytes, then JSON, then four bytes with the length of the JSON (big endian). */
export interface TrailedFile {
  readonly json: string;
  /** How many bytes stand before the JSON. */
  readonly bytes: number;
  part(at: number, length: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** `INVALID_INPUT` where it is not of that form. */
export async function openTrailed(path: string, mostJson: number): Promise<TrailedFile> {
  const {size} = await stat(path);
  const tail = await readPart(path, Math.max(0, size - 4), 4);
  const length = tail.length === 4 ? tail.readUInt32BE(0) : 0;
  if (length === 0 || length > mostJson || length > size - 4)
    throw new BoxyardError('INVALID_INPUT', {field: 'folders', issue: 'has no list of its files'});
  const bytes = size - 4 - length;
  return {
    json: (await wholePart(path, bytes, length)).toString('utf8'),
    bytes,
    part: (at, count) => (count === 0 ? [] : createReadStream(path, {start: at, end: at + count - 1})),
  };
}

async function wholePart(path: string, from: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < length;) {
    const part = await readPart(path, from + at, length - at);
    if (part.length === 0) throw new Error(`${path} is shorter than it was`);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}
