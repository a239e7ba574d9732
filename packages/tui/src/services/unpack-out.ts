import {createWriteStream} from 'node:fs';
import {chmod, lstat, mkdir, rm, symlink} from 'node:fs/promises';
import {dirname, join, normalize, relative, resolve, sep} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Header, Extract} from 'tar-stream';
import {BoxyardError} from '@boxyard/core/errors';

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

const mostEntries = 1_000_000;

/**
 * Unpacks a tar that a job made into `dir` and resolves to the paths of its files. Nothing outside `dir` can be written: paths that
 * leave it, links that point out of it, and writing through a link are refused; devices and hard links too. No set-user-id.
 */
export async function unpackOut(tar: AsyncIterable<Uint8Array>, dir: string): Promise<readonly string[]> {
  const {extract} = await import('tar-stream');
  const root = resolve(dir);
  const written: string[] = [];
  let entries = 0;
  const extraction = extract();
  const feeding = pipeline(Readable.from(tar), extraction);
  // Its failure is met where entries are read.
  feeding.catch(() => undefined);
  for await (const entry of extraction) {
    if (++entries > mostEntries) throw refused(`it has more than ${mostEntries} entries`);
    const path = await writeEntry(entry, root);
    if (path !== undefined) written.push(path);
  }
  await feeding;
  return written;
}

async function writeEntry(entry: Entry, root: string): Promise<string | undefined> {
  const {header} = entry;
  const path = insidePath(header.name, root);
  await refuseLinksAbove(path, root);
  if (header.type === 'directory') {
    await mkdir(path, {recursive: true});
    entry.resume();
    return undefined;
  }
  await mkdir(dirname(path), {recursive: true});
  if (header.type === 'symlink') return writeLink(entry, path, root);
  if (header.type !== 'file' && header.type !== 'contiguous-file') throw refused(`${header.name} is neither a file nor a directory`);
  await rm(path, {force: true});
  await pipeline(entry, createWriteStream(path, {flags: 'wx'}));
  await chmod(path, modeOf(header));
  return relative(root, path);
}

const modeOf = (header: Header) => ((header.mode ?? 0o644) & 0o777) | 0o600;

async function writeLink(entry: Entry, path: string, root: string): Promise<string> {
  const target = entry.header.linkname ?? '';
  insidePath(relative(root, resolve(dirname(path), target)) || '.', root);
  if (target.startsWith('/')) throw refused(`${entry.header.name} is a link to ${target}`);
  entry.resume();
  await rm(path, {force: true});
  await symlink(target, path);
  return relative(root, path);
}

function insidePath(name: string, root: string): string {
  const path = join(root, normalize(name));
  const isOutside = name.includes('\0') || name.startsWith('/') || (path !== root && !path.startsWith(root + sep));
  if (isOutside) throw refused(`${JSON.stringify(name)} lies outside of the directory`);
  return path;
}

/** A link made by an earlier entry, or lying there before, must not carry a later one away. */
async function refuseLinksAbove(path: string, root: string): Promise<void> {
  for (let at = dirname(path); at.startsWith(root + sep); at = dirname(at)) {
    const found = await lstat(at).catch(() => undefined);
    if (found?.isSymbolicLink()) throw refused(`${relative(root, path)} goes through a link`);
  }
}

const refused = (why: string) => new BoxyardError('ARCHIVE_REFUSED', {why});
