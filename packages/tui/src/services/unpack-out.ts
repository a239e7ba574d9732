import {unpackTar} from './unpack-tar.ts';

/** Unpacks what a job brought back into `dir` and resolves to the paths of its files. */
export const unpackOut = (tar: AsyncIterable<Uint8Array>, dir: string): Promise<readonly string[]> =>
  unpackTar(tar, async () => ({root: dir, top: ''}));
