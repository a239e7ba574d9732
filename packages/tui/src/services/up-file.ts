import {readFileSync, rmSync} from 'node:fs';
import {files, readPrivate, writePrivate, type Paths} from '@boxyard/core/config';

/** What `boxyard up` leaves for its other commands while it runs. */
export interface UpFile {
  readonly pid: number;
  /** Tells this process from a later one with the same number, where the system can say. */
  readonly processStart?: string | undefined;
  readonly serverPid?: number | undefined;
  readonly agentPid?: number | undefined;
  readonly url: string;
  readonly tokenFile: string;
  /** Of the server, beside where it listens. */
  readonly serverArguments?: readonly string[] | undefined;
  readonly startedAt: string;
  readonly readyAt?: string | undefined;
}

/** The `up` that runs now. One whose process is dead is none. */
export function findUp(paths: Paths): UpFile | undefined {
  const up = readUpFile(paths);
  return up !== undefined && isAlive(up.pid, up.processStart) ? up : undefined;
}

export function readUpFile(paths: Paths): UpFile | undefined {
  const text = readPrivate(files(paths).up);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as UpFile;
  } catch {
    return undefined;
  }
}

export const writeUpFile = (paths: Paths, up: UpFile): void => writePrivate(files(paths).up, `${JSON.stringify(up, null, 2)}\n`);

/** Only the one who wrote it takes it away. */
export function removeUpFile(paths: Paths, pid: number): void {
  if (readUpFile(paths)?.pid === pid) rmSync(files(paths).up, {force: true});
}

export function isAlive(pid: number, processStart?: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = processStartOf(pid);
  return processStart === undefined || now === undefined || now === processStart;
}

/** Clock ticks after boot at which a process began (Linux); a zombie counts as none. */
export function processStartOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : fields[19];
  } catch {
    return undefined;
  }
}
