import type {Chunk} from '@boxyard/core/plugin-api';

export interface Frame {
  readonly stream: Chunk['stream'];
  readonly bytes: Uint8Array;
}

const HEADER = 8;

/**
 * Takes the engine's frames (stream, three zeros, length, payload) apart. Payloads pass on as they arrive, cut anywhere, so
 * a frame of any length needs no memory. A stream that ends inside a header or a payload ends the iteration: the caller compares lengths.
 */
export async function* frames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let header = Buffer.alloc(0);
  let left = 0;
  let stream: Chunk['stream'] = 'stdout';
  for await (const part of source) {
    let rest = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    while (rest.length > 0) {
      if (left > 0) {
        const payload = rest.subarray(0, left);
        left -= payload.length;
        rest = rest.subarray(payload.length);
        yield {stream, bytes: payload};
        continue;
      }
      const wanted = HEADER - header.length;
      header = Buffer.concat([header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (header.length < HEADER) continue;
      stream = header[0] === 2 ? 'stderr' : 'stdout';
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}
