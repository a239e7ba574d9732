import {closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, utimesSync, writeSync} from 'node:fs';
import {join} from 'node:path';

/** Its name in the state directory. */
export const BALLAST = 'ballast';
const SPOOL = 'spool';
const BALLAST_BYTES = 2 * 1024 * 1024;
const MIN_FREE_BYTES = 1024 ** 3;

export interface DiskFigures {
  readonly freeShare: number;
  readonly freeBytes: number;
  readonly freeInodeShare: number;
}

/** Under 10 % and 10 GiB, under 1 GiB, or under 5 % of inodes: no new jobs (B11). Of a large disk 10 % is room enough for all. */
export const isUnderPressure = ({freeShare, freeBytes, freeInodeShare}: DiskFigures): boolean =>
  freeBytes < MIN_FREE_BYTES || (freeShare < 0.1 && freeBytes < 10 * MIN_FREE_BYTES) || freeInodeShare < 0.05;

/**
 * Watches the state directory's disk, and holds a file there that the journal gives up when a result has to be written and nothing
 * is left. Not before: programs that still write would have it in a moment.
 */
export class DiskGuard {
  readonly #dir: string;
  readonly #ballast: string;
  readonly #read: (dir: string) => DiskFigures;
  #closed: string | undefined;

  constructor(dir: string, read: (dir: string) => DiskFigures = figuresOf) {
    this.#dir = dir;
    this.#ballast = join(dir, BALLAST);
    this.#read = read;
  }

  /**
   * Why no new jobs are taken, in words for a person; undefined where there is room, and then the ballast is made again. Whether it
   * can be written is found out by writing, so a disk at rest is left alone: `isInUse`, or it could not be written just now.
   */
  look(isInUse: boolean): string | undefined {
    const isAsked = isInUse || this.#closed !== undefined;
    this.#closed = isAsked ? [this.#dir, join(this.#dir, SPOOL)].find(dir => isReadOnly(dir)) : undefined;
    if (this.#closed !== undefined) return `${this.#closed} cannot be written`;
    const figures = this.#read(this.#dir);
    const isTight = isUnderPressure(figures);
    if (!isTight && !existsSync(this.#ballast)) this.#make();
    return isTight ? `${said(figures)} under ${this.#dir}` : undefined;
  }

  #make(): void {
    try {
      const fd = openSync(this.#ballast, 'wx', 0o600);
      writeSync(fd, Buffer.alloc(BALLAST_BYTES, 1));
      fsyncSync(fd);
      closeSync(fd);
    } catch {
      rmSync(this.#ballast, {force: true});
    }
  }
}

/** Its file system takes no writes, as after an error of the device. The kernel may not say so before something is written. */
function isReadOnly(dir: string): boolean {
  try {
    const {atime, mtime} = statSync(dir);
    utimesSync(dir, atime, mtime);
    return false;
  } catch (error) {
    return ['EROFS', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

const said = ({freeShare, freeBytes, freeInodeShare}: DiskFigures): string =>
  freeInodeShare < 0.05
    ? `${(freeInodeShare * 100).toFixed(1)} % of the inodes are free`
    : `${Math.floor(freeBytes / 1024 ** 2)} MiB (${(freeShare * 100).toFixed(1)} %) are free`;

export function figuresOf(dir: string): DiskFigures {
  const {blocks, bavail, bsize, files, ffree} = statfsSync(dir);
  return {freeShare: blocks === 0 ? 1 : bavail / blocks, freeBytes: bavail * bsize, freeInodeShare: files === 0 ? 1 : ffree / files};
}
