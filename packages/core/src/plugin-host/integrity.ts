import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {PluginPlace} from './locate-plugin.ts';

/** What a config may name: as in a web page's `integrity`, with SHA-256 only. */
export const INTEGRITY = /^sha256-[A-Za-z0-9+/]{43}=$/;

const MOST_FILES = 20_000;
const LEFT_OUT = new Set(['node_modules', '.git']);

/**
 * What a plugin's files are, as `sha256-…`: of a single file its bytes; of a folder the list that `sha256sum` prints of its files,
 * ordered by the bytes of their paths. `node_modules` and `.git` are left out; rejects at a symbolic link, which covers nothing.
 */
export async function integrityOf({file, root}: PluginPlace): Promise<string> {
  if (root === undefined) return `sha256-${(await digestOf(file)).toString('base64')}`;
  const list = createHash('sha256');
  for (const path of (await filesIn(root, '')).toSorted(byBytes))
    list.update(`${(await digestOf(join(root, path))).toString('hex')}  ./${path}\n`);
  return `sha256-${list.digest('base64')}`;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function digestOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest();
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, folder), {withFileTypes: true})) {
    if (LEFT_OUT.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesIn(root, path)));
    else if (entry.isFile()) found.push(path);
    else throw new Error(`${path} is neither a file nor a folder`);
    if (found.length > MOST_FILES) throw new Error(`there are more than ${MOST_FILES} files`);
  }
  return found;
}
