import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {readPrivate, writePrivate} from '@boxyard/core/config';

/** In a file of its own: boxes are found by it, and must be even when the journal was lost. */
export function machineId(stateDir: string): string {
  const file = join(stateDir, 'machine');
  const known = readPrivate(file)?.trim();
  if (known !== undefined && known !== '') return known;
  const made = randomBytes(16).toString('hex');
  writePrivate(file, `${made}\n`);
  return made;
}
