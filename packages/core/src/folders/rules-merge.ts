import type {FolderFile} from '../protocol/index.ts';

/** A file as a folder's list has it; `path` is relative to the folder. */
export interface Kept {
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
  readonly exec?: true | undefined;
  /** Who wrote it, and when (ms). */
  readonly by: string;
  readonly at: number;
}

/** What one writer did to a folder, and what it had before it did. */
export interface Written {
  /** Of files it had: their hashes by path. */
  readonly base: ReadonlyMap<string, string>;
  readonly files: readonly FolderFile[];
  readonly gone: readonly string[];
  readonly by: string;
  readonly at: number;
  /** What a second version of a file is named after: `name.conflict-<job>`. */
  readonly job: string;
}

export interface Change {
  readonly path: string;
  readonly is: 'changed' | 'removed';
}
export interface Conflict {
  readonly path: string;
  /** The name under which this writer's version is kept. */
  readonly kept: string;
}
export interface Merged {
  readonly files: readonly Kept[];
  readonly changes: readonly Change[];
  readonly conflicts: readonly Conflict[];
}

/**
 * Three-way, file by file (R31): what others did since `base` stays. A file that they changed too is kept twice; one that they deleted
 * and this writer changed is back; one that they changed and this writer deleted stays. Doing it again changes nothing. Pure.
 */
export function merge(current: readonly Kept[], written: Written): Merged {
  const files = new Map(current.map(file => [file.path, file]));
  const changes: Change[] = [];
  const conflicts: Conflict[] = [];
  const put = (path: string, file: FolderFile) => {
    if (files.get(path)?.hash === file.hash) return;
    const {hash, bytes, exec} = file;
    files.set(path, {path, hash, bytes, ...(exec ? {exec: true as const} : {}), by: written.by, at: written.at});
    changes.push({path, is: 'changed'});
  };
  for (const file of written.files) {
    const there = files.get(file.path)?.hash;
    const isOthers = there !== undefined && there !== file.hash && there !== written.base.get(file.path);
    const path = isOthers ? `${file.path}.conflict-${written.job}` : file.path;
    if (isOthers) conflicts.push({path: file.path, kept: path});
    put(path, file);
  }
  for (const path of written.gone) {
    const there = files.get(path)?.hash;
    if (there === undefined || there !== written.base.get(path)) continue;
    files.delete(path);
    changes.push({path, is: 'removed'});
  }
  const sorted = [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {files: sorted, changes, conflicts};
}
