import {mkdirSync, rmSync, statfsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {must, run} from '../lab/run-command.ts';
import type {Fault} from './fault.ts';

const mebibyte = 1024 ** 2;

/**
 * A file system of its own at `dir`, in a sparse file beside it: what fills it up costs the machine nothing. Disposing it unmounts
 * and removes it.
 */
export class SmallDisk implements AsyncDisposable {
  readonly #dir: string;
  readonly #image: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#image = `${dir}.img`;
  }

  static async mount(dir: string, {megabytes, inodes = 4_096}: {readonly megabytes: number; readonly inodes?: number}): Promise<SmallDisk> {
    const disk = new SmallDisk(dir);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    await must(['truncate', '-s', `${megabytes}M`, disk.#image]);
    try {
      await must(['mkfs.ext4', '-q', '-F', '-m', '0', '-N', String(inodes), disk.#image]);
      await must(['mount', '-o', 'loop', disk.#image, dir]);
    } catch (error) {
      rmSync(disk.#image, {force: true});
      throw error;
    }
    return disk;
  }

  /** The same in memory. */
  static async mountTmpfs(dir: string, {megabytes}: {readonly megabytes: number}): Promise<SmallDisk> {
    const disk = new SmallDisk(dir);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    await must(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', dir]);
    return disk;
  }

  /** Why this machine cannot have one; undefined where it can. */
  static async whyNot(): Promise<string | undefined> {
    if (process.getuid?.() !== 0) return 'mounting a small file system needs root';
    for (const tool of ['mkfs.ext4', 'e2fsck', 'fallocate', 'losetup'])
      if ((await run(['sh', '-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`])).code !== 0) return `${tool} is not installed`;
    const free = await run(['losetup', '-f']);
    return free.code === 0 ? undefined : `no loop device: ${free.stderr.trim()}`;
  }

  get freeBytes(): number {
    const {bavail, bsize} = statfsSync(this.#dir);
    return bavail * bsize;
  }

  /** F13: all but `keep` bytes are taken. */
  full(keep = 0): Fault {
    const ballast = join(this.#dir, '.taken-by-the-test');
    return {
      name: 'F13 disk full',
      inject: async () => {
        await must(['fallocate', '-l', String(Math.max(1, this.freeBytes - keep - mebibyte)), ballast]);
        if (keep === 0) fillUp(`${ballast}.rest`);
      },
      heal: async () => [ballast, `${ballast}.rest`].forEach(file => rmSync(file, {force: true})),
    };
  }

  /** F13: there is room, and not one more file may be made. */
  outOfInodes(): Fault {
    const folder = join(this.#dir, '.inodes-of-the-test');
    return {
      name: 'F13 no inodes',
      inject: async () => {
        mkdirSync(folder);
        for (let i = 0; tryWrite(join(folder, String(i)), ''); i += 1);
      },
      heal: async () => rmSync(folder, {recursive: true, force: true}),
    };
  }

  /**
   * The file system takes no more writes, as after an error of its device: files that are open for writing stay so, and fail. It is
   * healed where nobody uses it any more.
   */
  readOnly(): Fault {
    return {
      name: 'F13 read-only',
      inject: async () => void (await must(['mount', '-o', 'remount,abort', this.#dir])),
      heal: async () => {
        await must(['umount', this.#dir]);
        const checked = await run(['e2fsck', '-fy', this.#image]);
        if (checked.code > 2) throw new Error(`e2fsck: ${checked.stdout}`);
        await must(['mount', '-o', 'loop', this.#image, this.#dir]);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(['umount', '-l', this.#dir]);
    rmSync(this.#image, {force: true});
  }
}

/** To the last block, as programs do that write. */
function fillUp(file: string): void {
  for (let bytes = mebibyte; bytes >= 4_096; bytes /= 2) while (tryWrite(file, Buffer.alloc(bytes)));
}

function tryWrite(file: string, bytes: Buffer | string): boolean {
  try {
    writeFileSync(file, bytes, {flag: 'a'});
    return true;
  } catch {
    return false;
  }
}
