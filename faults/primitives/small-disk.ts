import {mkdirSync, rmSync, statfsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {must, run} from '../lab/run-command.ts';
import type {Fault} from './fault.ts';

/** F13: a file system of `bytes` mounted at `dir`, unmounted when disposed. */
export async function smallDisk(dir: string, megabytes: number): Promise<AsyncDisposable & {full(keep?: number): Fault}> {
  mkdirSync(dir, {recursive: true, mode: 0o700});
  await must(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', dir]);
  const ballast = join(dir, '.ballast-of-the-test');
  return {
    full: (keep = 0) => ({
      name: 'F13 disk full',
      inject: async () => fill(ballast, dir, keep),
      heal: async () => rmSync(ballast, {force: true}),
    }),
    async [Symbol.asyncDispose]() {
      await run(['umount', '-l', dir]);
    },
  };
}

function fill(file: string, dir: string, keep: number): void {
  const {bavail, bsize} = statfsSync(dir);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - keep)));
}
