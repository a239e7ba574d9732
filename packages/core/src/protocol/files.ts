import {z} from 'zod';
import {Bytes, TenantId} from './values.ts';

const stream = z.number().int().nonnegative();

/** What a path in a box is. A link is told as itself, wherever it leads. */
export const FileKind = z.enum(['file', 'directory', 'symlink', 'absent']);
export type FileKind = z.infer<typeof FileKind>;

/**
 * Files of a box, moved as one tar or looked at. The server opens the stream, under a number of its own; the agent answers
 * `files.opened`, or `stream.end` with the reason. `stat` is over with that. `get`: data frames within the credit come, then
 * `stream.end`. `put`: the server sends within the credit the agent gives, then `stream.end`, and the agent answers `stream.end`
 * when all is unpacked. An end with an error ends it for both. Nothing of it outlives the connection.
 */
export const filesFromServer = {
  'files.open': z.object({
    type: z.literal('files.open'),
    stream,
    tenant: TenantId,
    engine: z.string().max(63),
    box: z.string().max(63),
    what: z.enum(['stat', 'get', 'put']),
    /** Absolute. Of `put`: the directory to unpack into, made where it is missing. */
    path: z.string().min(1).max(4_096),
    /** Bytes the agent may send before more is given; of `get` alone. */
    credit: Bytes,
  }),
} as const;

export const filesFromAgent = {
  'files.opened': z.object({type: z.literal('files.opened'), stream, kind: FileKind.optional()}),
} as const;
