import {posix} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';

/** One end of a copy. `-` is a tar on stdin or stdout. */
export type End =
  {readonly at: 'here' | 'stream'; readonly path: string} | {readonly at: 'devbox'; readonly devbox: string; readonly path: string};

const here = '/workspace';

/** `web:/path` and `web:path`, which is below /workspace, are in a DevBox; everything else is here. `./a:b` is a file of that name. */
export function parseEnd(text: string): End {
  if (text === '-') return {at: 'stream', path: text};
  const found = /^([a-z0-9][a-z0-9._-]{0,62}):(.*)$/s.exec(text);
  if (found === null) return {at: 'here', path: text};
  const [, devbox = '', path = ''] = found;
  const whole = path.startsWith('/') ? path : posix.join(here, path || '.') + (path.endsWith('/.') ? '/.' : '');
  if (whole.includes('\0')) throw new BoxyardError('INVALID_INPUT', {field: 'path', issue: 'has a NUL in it'});
  return {at: 'devbox', devbox, path: whole};
}

/** `dir/.` and `.` mean what is in it, and not itself. */
export const isContents = (path: string): boolean => path === '.' || path.endsWith('/.');

/** Without what only says how it is meant. */
export const plainPath = (path: string): string => posix.normalize(path).replace(/(?<=.)\/\.?$/, '');

/** As a directory: it is to be one, whether it is there or not. */
export const isFolder = (path: string): boolean => path.endsWith('/') || isContents(path);

export interface Place {
  /** The directory to unpack into. */
  readonly into: string;
  /** What the top of the archive is called there; empty: its contents go into the directory. */
  readonly name: string;
}

/** As `cp -r` would: into a directory that is there, else as what the path says. Pure. */
export function placeFor(
  source: {readonly name: string; readonly kind: 'file' | 'directory'; readonly isContents: boolean},
  to: {readonly path: string; readonly kind: 'file' | 'directory' | 'symlink' | 'absent'; readonly shown: string},
): Place {
  const path = plainPath(to.path);
  const isThere = to.kind === 'directory' || to.kind === 'symlink';
  if (source.kind === 'directory') {
    if (to.kind === 'file') throw new BoxyardError('CONFLICT', {what: to.shown, issue: 'is a file, and what is copied a directory'});
    return isThere && !source.isContents ? {into: path, name: source.name} : {into: path, name: ''};
  }
  if (to.kind === 'file' && isFolder(to.path)) throw new BoxyardError('CONFLICT', {what: to.shown, issue: 'is a file and no directory'});
  if (isThere || (to.kind === 'absent' && isFolder(to.path))) return {into: path, name: source.name};
  return {into: posix.dirname(path), name: posix.basename(path)};
}
