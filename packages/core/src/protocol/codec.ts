import type {z} from 'zod';

/** Largest control frame (JSON) and largest payload of a binary frame, in bytes. */
export const MAX_CONTROL_BYTES = 256 * 1024;
export const MAX_DATA_BYTES = 32 * 1024;

/** `unknown`: a newer peer, ignore and log once. `malformed`: a broken peer, close the connection. */
export type Decoded<T> =
  | {readonly kind: 'message'; readonly message: T}
  | {readonly kind: 'unknown'; readonly type: string}
  | {readonly kind: 'malformed'; readonly issue: string};

/** The only `JSON.parse` of the wire. `schemas` is `fromAgent` or `fromServer`. */
export function decode<T>(schemas: Readonly<Record<string, z.ZodType>>, text: string): Decoded<T> {
  if (text.length > MAX_CONTROL_BYTES) return {kind: 'malformed', issue: `control frame of ${text.length} characters`};
  const value = parse(text);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof type !== 'string') return {kind: 'malformed', issue: 'no type'};
  if (!Object.hasOwn(schemas, type)) return {kind: 'unknown', type};
  const result = schemas[type]!.safeParse(value);
  if (result.success) return {kind: 'message', message: result.data as T};
  const issue = result.error.issues[0];
  return {kind: 'malformed', issue: `${type}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Binary frame: kind u8, stream u32 BE, offset u64 BE (of the first payload byte in its stream), payload. */
export const DATA_HEADER_BYTES = 13;
export const DATA_KIND = 1;

export interface DataFrame {
  readonly stream: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export function encodeData(frame: DataFrame): Buffer {
  const buffer = Buffer.allocUnsafe(DATA_HEADER_BYTES + frame.bytes.length);
  buffer.writeUInt8(DATA_KIND, 0);
  buffer.writeUInt32BE(frame.stream, 1);
  buffer.writeBigUInt64BE(BigInt(frame.offset), 5);
  buffer.set(frame.bytes, DATA_HEADER_BYTES);
  return buffer;
}

/** Undefined for a kind of a newer peer, which is ignored, and for a frame too short to be one. */
export function decodeData(buffer: Buffer): DataFrame | undefined {
  if (buffer.length < DATA_HEADER_BYTES || buffer.readUInt8(0) !== DATA_KIND) return undefined;
  return {stream: buffer.readUInt32BE(1), offset: Number(buffer.readBigUInt64BE(5)), bytes: buffer.subarray(DATA_HEADER_BYTES)};
}
