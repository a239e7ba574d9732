import {randomUUID} from 'node:crypto';
import {createWriteStream} from 'node:fs';
import {chmod, link, lstat, mkdir, rename, rm, symlink, utimes} from 'node:fs/promises';
import {dirname, join, normalize, relative, resolve, sep} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Header, Extract} from 'tar-stream';
import {BoxyardError} from '@boxyard/core/errors';

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

const mostEntries = 1_000_000;
const mostBytes = 256 * 1024 ** 3;
const mostName = 4_096;

/** Where an archive goes: names under `top` (all, where it is empty) lie under `root`, and the top itself is the root. */
export interface Target {
  readonly root: string;
  readonly top: string;
}

/**
 * Unpacks a tar that somebody else made and resolves to the paths of its files. Nothing outside of the root can be written: paths
 * that leave it, links that point out of it, and writing through a link are refused; devices too. No set-user-id. A file
 * appears under its name when all of it is there.
 */
export async function unpackTar(
  tar: AsyncIterable<Uint8Array>,
  targetFor: (first: Header) => Promise<Target>,
  onWritten: (path: string) => void = () => undefined,
): Promise<readonly string[]> {
  const {extract} = await import('tar-stream');
  const extraction = extract();
  const feeding = pipeline(Readable.from(tar), extraction);
  // Its failure is met where entries are read.
  feeding.catch(() => undefined);
  let unpacking: Unpacking | undefined;
  for await (const entry of extraction) {
    unpacking ??= new Unpacking(await targetFor(entry.header), onWritten);
    await unpacking.add(entry);
  }
  await feeding;
  await unpacking?.end();
  return unpacking?.files ?? [];
}

class Unpacking {
  readonly files: string[] = [];
  readonly #root: string;
  readonly #top: string;
  readonly #onWritten: (path: string) => void;
  readonly #written = new Set<string>();
  readonly #folders: {readonly path: string; readonly header: Header}[] = [];
  #entries = 0;
  #bytes = 0;

  constructor({root, top}: Target, onWritten: (path: string) => void) {
    this.#root = resolve(root);
    this.#top = top;
    this.#onWritten = onWritten;
  }

  async add(entry: Entry): Promise<void> {
    const {header} = entry;
    this.#bytes += header.size ?? 0;
    if (++this.#entries > mostEntries) throw refused(`it has more than ${mostEntries} entries`);
    if (this.#bytes > mostBytes) throw refused(`it has more than ${mostBytes} bytes`);
    const path = this.#place(header.name);
    await this.#refuseLinksAbove(path);
    if (header.type === 'directory') return this.#addFolder(entry, path);
    await mkdir(dirname(path), {recursive: true});
    if (header.type === 'symlink') await this.#addSymlink(entry, path);
    else if (header.type === 'link') await this.#addLink(entry, path);
    else if (header.type === 'file' || header.type === 'contiguous-file' || header.type === null) await this.#addFile(entry, path);
    else throw refused(`${header.name} is neither a file nor a directory`);
    this.#written.add(path);
    this.files.push(relative(this.#root, path));
    this.#onWritten(path);
  }

  /** Folders get their modes at last: one that may not be written could not be filled. */
  async end(): Promise<void> {
    for (const {path, header} of this.#folders.toReversed()) {
      await chmod(path, (header.mode ?? 0o755) & 0o777);
      if (header.mtime) await utimes(path, header.mtime, header.mtime);
    }
  }

  async #addFolder(entry: Entry, path: string): Promise<void> {
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) throw refused(`${entry.header.name} is no directory here`);
    await mkdir(path, {recursive: true});
    // A folder that was there before keeps what its owner gave it.
    if (found === undefined) this.#folders.push({path, header: entry.header});
    entry.resume();
  }

  async #addFile(entry: Entry, path: string): Promise<void> {
    const {header} = entry;
    const part = join(dirname(path), `.boxyard-${randomUUID()}`);
    try {
      await pipeline(entry, createWriteStream(part, {flags: 'wx', mode: 0o600}));
      await chmod(part, (header.mode ?? 0o644) & 0o777);
      if (header.mtime) await utimes(part, header.mtime, header.mtime);
      await rename(part, path);
    } catch (error) {
      await rm(part, {force: true});
      throw error;
    }
  }

  async #addSymlink(entry: Entry, path: string): Promise<void> {
    const target = entry.header.linkname ?? '';
    const depth = relative(this.#root, path).split(sep).length - 1;
    if (leadsOut(target, depth)) throw refused(`${entry.header.name} is a link to ${target}, which leads out of the directory`);
    entry.resume();
    await rm(path, {force: true});
    await symlink(target, path);
  }

  /** A second name of a file that this archive has brought, and of no other. */
  async #addLink(entry: Entry, path: string): Promise<void> {
    const {name, linkname} = entry.header;
    const first = this.#place(linkname ?? '');
    await this.#refuseLinksAbove(first);
    const found = await lstat(first).catch(() => undefined);
    if (!this.#written.has(first) || found?.isFile() !== true)
      throw refused(`${name} is a link to ${linkname}, which is no file before it`);
    entry.resume();
    await rm(path, {force: true});
    await link(first, path);
  }

  #place(name: string): string {
    if (name.length > mostName) throw refused(`it has a name of ${name.length} characters`);
    if (this.#top === '') return inside(name, this.#root);
    const plain = name.replace(/\/+$/, '');
    if (plain === this.#top) return this.#root;
    if (!plain.startsWith(`${this.#top}/`)) throw refused(`${JSON.stringify(name)} lies outside of the directory`);
    return inside(plain.slice(this.#top.length + 1), this.#root);
  }

  /** A link made by an earlier entry, or lying there before, must not carry a later one away. */
  async #refuseLinksAbove(path: string): Promise<void> {
    for (let at = dirname(path); at.startsWith(this.#root + sep); at = dirname(at)) {
      const found = await lstat(at).catch(() => undefined);
      if (found?.isSymbolicLink()) throw refused(`${relative(this.#root, path)} goes through a link`);
    }
  }
}

function inside(name: string, root: string): string {
  const path = join(root, normalize(name)).replace(/(?<=.)\/+$/, '');
  const isOutside =
    name.includes('\0') || name.startsWith('/') || (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep));
  if (isOutside) throw refused(`${JSON.stringify(name.slice(0, 200))} lies outside of the directory`);
  return path;
}

/** A target may go up only at its beginning: behind another link `..` leads from where that one leads, which no path tells. */
function leadsOut(target: string, depth: number): boolean {
  const parts = target.split('/').filter(part => part !== '' && part !== '.');
  const ups = parts.findIndex(part => part !== '..');
  const rest = ups < 0 ? [] : parts.slice(ups);
  return target === '' || target.includes('\0') || target.startsWith('/') || (ups < 0 ? parts.length : ups) > depth || rest.includes('..');
}

const refused = (why: string) => new BoxyardError('ARCHIVE_REFUSED', {why});
