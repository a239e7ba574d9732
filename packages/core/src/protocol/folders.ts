import {z} from 'zod';
import {Bytes} from './values.ts';

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Path = z.string().min(1).max(1_024);

/** A file of a cluster's folders; `path` is relative to the workspace, `hash` the SHA-256 of its bytes. */
export const FolderFile = z.object({path: Path, hash: Hash, bytes: Bytes, exec: z.boolean().default(false)});
export type FolderFile = z.infer<typeof FolderFile>;

/**
 * What an attempt finds in its folders when it begins. The blob `folders` of the attempt is: four bytes with the length of this as
 * JSON (big endian), the JSON, then the bytes of all files in its order. The blob `folders-base` is the JSON alone. Both are the same
 * whenever the attempt asks.
 */
export const FolderIndex = z.object({dirs: z.array(Path).max(1_000), files: z.array(FolderFile).max(100_000)});
export type FolderIndex = z.infer<typeof FolderIndex>;

/**
 * What an attempt changed in them, as `file.put` sends it: the bytes of `contents` in their order, then this as JSON, then four bytes
 * with its length (big endian). A file whose bytes are not among the contents has those of one that was there at the beginning.
 */
export const FolderChanges = z.object({
  contents: z.array(z.object({hash: Hash, bytes: Bytes})).max(100_000),
  files: z.array(FolderFile).max(100_000),
  /** Files that were there at the beginning and are no more. */
  gone: z.array(Path).max(100_000),
});
export type FolderChanges = z.infer<typeof FolderChanges>;

/** Most bytes of an index: a hundred thousand names. */
export const MAX_INDEX_BYTES = 32 * 1024 * 1024;
