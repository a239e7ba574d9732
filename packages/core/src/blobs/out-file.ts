import {mkdir, open, rename, rm, truncate} from 'node:fs/promises';
import {dirname} from 'node:path';
import {BoxyardError} from '../errors/index.ts';

/** The archive of a job's `out` while it comes in. */
export interface OutFile {
  readonly length: number;
  /** In order; a repeat is cut off. `BODY_TOO_LARGE` over the limit, `INVALID_INPUT` for a jump, `NO_SPACE`: what came is removed then. */
  append(offset: number, bytes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  /** Keeps what came, for going on from there. */
  abandon(): Promise<void>;
}

export async function openOut(path: string, from: number, most: number): Promise<OutFile> {
  await mkdir(dirname(path), {recursive: true, mode: 0o700});
  const part = `${path}.part`;
  const file = await open(part, 'a', 0o600);
  let length = (await file.stat()).size;
  if (from < length) {
    await truncate(part, from);
    length = from;
  }
  const give = async (error: unknown): Promise<never> => {
    await file.close();
    await rm(part, {force: true});
    const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    throw isFull ? new BoxyardError('NO_SPACE', {where: 'the server'}, {cause: error}) : error;
  };
  return {
    get length() {
      return length;
    },
    async append(offset, bytes) {
      if (offset > length)
        return give(new BoxyardError('INVALID_INPUT', {field: 'out', issue: `bytes ${length} to ${offset} are missing`}));
      if (offset + bytes.length > most)
        return give(new BoxyardError('BODY_TOO_LARGE', {limit: most}, {message: `The archive of --out is larger than ${most} bytes.`}));
      const fresh = bytes.subarray(Math.min(bytes.length, length - offset));
      await file.write(fresh).catch(give);
      length += fresh.length;
    },
    async finish() {
      await file.datasync().catch(give);
      await file.close();
      await rename(part, path);
    },
    abandon: () => file.close(),
  };
}
