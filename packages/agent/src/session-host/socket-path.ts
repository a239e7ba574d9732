import {createHash} from 'node:crypto';
import {lstatSync, mkdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';

/**
 * Unix socket names end at about a hundred bytes; for deeper state directories the socket lies in a folder of its own in the
 * temporary directory, where anybody could have put one of that name before us: then `FILE_UNSAFE`, whoever listens in it.
 */
export function hostSocketPath(stateDir: string): string {
  const inside = join(stateDir, 'host.sock');
  if (inside.length < 100) return inside;
  const dir = join(tmpdir(), `boxyard-${createHash('sha256').update(stateDir).digest('hex').slice(0, 24)}`);
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const {uid, mode} = lstatSync(dir);
  if (uid !== process.getuid?.() || (mode & 0o170077) !== 0o040000) throw new BoxyardError('FILE_UNSAFE', {file: dir});
  return join(dir, 'host.sock');
}
