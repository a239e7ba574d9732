import {createHash} from 'node:crypto';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Unix socket names end at about a hundred bytes; deeper state directories get a name in the temporary directory. */
export function hostSocketPath(stateDir: string): string {
  const inside = join(stateDir, 'host.sock');
  if (inside.length < 100) return inside;
  return join(tmpdir(), `boxyard-${createHash('sha256').update(stateDir).digest('hex').slice(0, 24)}.sock`);
}
