import {z} from 'zod';
import {FileKind} from '../protocol/index.ts';

/** Absolute path in a DevBox. */
export const FilesQuery = z.object({
  path: z
    .string()
    .min(1)
    .max(4_096)
    .regex(/^\/[^\0]*$/, 'expected an absolute path'),
});
export type FilesQuery = z.infer<typeof FilesQuery>;

export const FileStatView = z.object({path: z.string(), kind: FileKind});
export type FileStatView = z.infer<typeof FileStatView>;

/** `bytes` of the archive were unpacked. */
export const FilesPutView = z.object({path: z.string(), bytes: z.number().int()});
