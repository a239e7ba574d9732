import {z} from 'zod';
import {JobView} from './jobs.ts';
import {Origin} from './origin.ts';

/** A path in the folders of a cluster, as in `shared/plans/today.md`; roles go by their names. Empty: all of them. */
const Path = z
  .string()
  .max(2_048)
  .regex(/^[^\0]*$/, 'expected a path without NUL');

export const FolderPathQuery = z.object({path: Path.default('')});
/** With `mirror` what is there and not in the archive is removed. */
export const PutFolderQuery = z.object({path: Path.min(1), mirror: z.enum(['true', 'false']).optional()});
export const RemoveFolderQuery = z.object({path: Path.min(1)});

export const FolderView = z.object({
  path: z.string(),
  files: z.number().int(),
  bytes: z.number().int(),
  updatedAt: z.string().optional(),
  /** Who wrote last. */
  by: z.string().optional(),
  /** When it is dropped, as its role says. */
  until: z.string().optional(),
});
export type FolderView = z.infer<typeof FolderView>;
export const FolderFileView = z.object({
  path: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  executable: z.boolean(),
  /** Who wrote it: a role with its job, or a person. */
  by: z.string(),
  changedAt: z.string(),
});
export type FolderFileView = z.infer<typeof FolderFileView>;
/** `files` came, of which some were other than those there. */
export const FoldersPutView = z.object({
  path: z.string(),
  files: z.number().int(),
  changed: z.number().int(),
  removed: z.number().int(),
});
export type FoldersPutView = z.infer<typeof FoldersPutView>;
export const FoldersRemovedView = z.object({removed: z.number().int()});

export const RunsQuery = z.object({
  role: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
/** What one job of a run of a role was told and how it went: what lies beside its stdout and stderr. */
export const RunRecordView = z.object({
  job: z.string(),
  meta: z.object({
    cluster: z.string(),
    roleName: z.string(),
    run: z.string(),
    index: z.number().int().optional(),
    state: JobView.shape.state,
    outcome: JobView.shape.outcome,
    exit: JobView.shape.exit,
    reason: JobView.shape.reason,
    worker: z.string().optional(),
    attempt: z.number().int(),
    createdAt: z.string(),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
  }),
  systemPrompt: z.string(),
  userPrompt: z.string(),
  trigger: Origin.shape.trigger,
});
export type RunRecordView = z.infer<typeof RunRecordView>;
/** A run: itself, or its children by their numbers, as many as fit a page. */
export const RunView = z.object({run: JobView, records: z.array(RunRecordView)});
export type RunView = z.infer<typeof RunView>;
