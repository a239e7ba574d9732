import {randomBytes} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {BoxyardError} from '../errors/index.ts';

/** Makes a directory that only its owner may enter. Idempotent. `CONFIG_INVALID` where none can be made. */
export function privateDir(path: string): string {
  try {
    makeWithParents(path);
    return path;
  } catch (cause) {
    const issue = `no directory can be made there (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    const hint = 'BOXYARD_DATA_DIR, BOXYARD_STATE_DIR and BOXYARD_CONFIG_DIR name other places: boxyard info';
    throw new BoxyardError('CONFIG_INVALID', {file: path, issue, hint}, {cause});
  }
}

/** One by one: Node's own recursion never ends in a file system that makes no directories, as /proc. */
function makeWithParents(path: string): void {
  if (statSync(path, {throwIfNoEntry: false})?.isDirectory()) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path, {mode: 0o700});
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/** Replaces the file in one step, 0600, on disk when it returns; a crash leaves the old content or the new. */
export function writePrivate(path: string, content: string): void {
  privateDir(dirname(path));
  const part = `${path}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(part, 'wx', 0o600);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, path);
  chmodSync(path, 0o600);
}

/** The file's text; made first where there is none. Of several programs that make it at once, one wins and all get its text. */
export function openPrivate(path: string, make: () => string): string {
  const found = readPrivate(path);
  if (found !== undefined) return found;
  const part = `${path}.${randomBytes(6).toString('hex')}.new`;
  writePrivate(part, make());
  try {
    linkSync(part, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(part, {force: true});
  }
  return readPrivate(path)!;
}

/** The text, or undefined if there is no such file; `FILE_UNSAFE` if others may read it. */
export function readPrivate(path: string): string | undefined {
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw new BoxyardError('FILE_UNSAFE', {file: path});
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
