import {BoxyardError} from '../errors/index.ts';

/** What one file, one folder and the number of files in a folder may come to. Bytes. */
export interface FolderLimits {
  readonly fileBytes: number;
  readonly folderBytes: number;
  readonly files: number;
}

const mib = 1024 ** 2;
export const folderLimits: FolderLimits = {fileBytes: 256 * mib, folderBytes: 1024 * mib, files: 10_000};

const MOST_PATH_BYTES = 1_000;
const MOST_NAME_BYTES = 255;
const MOST_DEPTH = 32;

/**
 * Why a path of a file cannot be kept in a folder; undefined where it can. It is relative, spelled as plainly as it goes, and of names
 * that every machine takes: nothing that leads elsewhere, and nothing that a terminal would obey.
 */
export function pathTrouble(path: string): string | undefined {
  const names = path.split('/');
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'is an absolute path';
  if (names.some(name => name === '' || name === '.' || name === '..')) return 'is not a plain path';
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path) || !path.isWellFormed()) return 'holds a character that a file name should not have';
  if (names.length > MOST_DEPTH) return `lies deeper than ${MOST_DEPTH} folders`;
  if (Buffer.byteLength(path) > MOST_PATH_BYTES || names.some(name => Buffer.byteLength(name) > MOST_NAME_BYTES)) return 'is too long';
  return undefined;
}

/** `INVALID_INPUT` for what `pathTrouble` names. */
export function checkPath(path: string, field = 'path'): void {
  const trouble = pathTrouble(path);
  if (trouble !== undefined) throw new BoxyardError('INVALID_INPUT', {field, issue: `${JSON.stringify(path.slice(0, 200))} ${trouble}`});
}

export const tooLargeFile = (path: string, limit: number) =>
  new BoxyardError('LIMIT_REACHED', {
    what: `bytes of one file in a folder (${path})`,
    limit,
    hint: 'Keep it outside of the folders of the cluster, or split it.',
  });

export const tooManyFiles = (folder: string, limit: number) =>
  new BoxyardError('LIMIT_REACHED', {
    what: `files in ${folder}`,
    limit,
    hint: 'Pack them into one file, or remove some: boxyard folders remove.',
  });

export const tooLargeFolder = (folder: string, limit: number) =>
  new BoxyardError('LIMIT_REACHED', {
    what: `bytes in ${folder}`,
    limit,
    hint: 'Remove something: boxyard folders remove.',
  });
