import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {privateDir} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';

export interface StateLock {
  release(): void;
}

/** One holder per state directory and kind, such as `agent` or `host-<version>`. The kernel lets go when the holder dies, so a dead pid is no holder. */
export function lockStateDir(stateDir: string, what: string, kind: string): StateLock {
  privateDir(stateDir);
  const pidFile = join(stateDir, `${kind}.pid`);
  const db = new DatabaseSync(join(stateDir, `${kind}.lock`));
  try {
    db.exec('PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new BoxyardError('STATE_DIR_BUSY', {what, dir: stateDir, pid: pidIn(pidFile)}, {cause: error});
  }
  writeFileSync(pidFile, `${process.pid}\n`, {mode: 0o600});
  return {release: () => db.close()};
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '?';
  }
}
