import {realpath, rename, rm, stat, writeFile} from 'node:fs/promises';

/**
 * A file is there whole or not at all, and stays the one that a link points at. What is no file, as `/dev/null` or a named
 * pipe, is written into and never replaced. Rejects as the file system says.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) return writeFile(path, bytes);
  const target = found === undefined ? path : await realpath(path);
  const own = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(own, bytes);
    await rename(own, target);
  } catch (error) {
    await rm(own, {force: true}).catch(() => undefined);
    throw error;
  }
}
