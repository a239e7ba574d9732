import {createHash} from 'node:crypto';
import {lstatSync, mkdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';

const socketName = (version: string) => `host-${version}.sock`;

/** Where the session host of this version of the code listens: several run at once while older ones finish what they hold. */
export const hostSocketPath = (stateDir: string, version: string): string => join(socketDir(stateDir), socketName(version));

const LONGEST = 100 - socketName('0'.repeat(12)).length;

/**
 * Unix socket names end at about a hundred bytes; for deeper state directories the sockets lie in a folder of their own in the
 * temporary directory, where anybody could have put one of that name before us: then `FILE_UNSAFE`, whoever listens in it.
 */
function socketDir(stateDir: string): string {
  if (stateDir.length < LONGEST) return stateDir;
  const dir = join(tmpdir(), `boxyard-${createHash('sha256').update(stateDir).digest('hex').slice(0, 24)}`);
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const {uid, mode} = lstatSync(dir);
  if (uid !== process.getuid?.() || (mode & 0o170077) !== 0o040000) throw new BoxyardError('FILE_UNSAFE', {file: dir});
  return dir;
}
