import {createReadStream} from 'node:fs';
import {copyFile, link, mkdir, open, readFile, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {newId, randomBase32} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {OpenFiles} from './open-files.ts';
import {type OutFile, openOut} from './out-file.ts';
import type {BlobPlaces} from './places.ts';
import type {ResultRef} from './rules-results.ts';

const gib = 1024 ** 3;

/** Most bytes of each kind of file; more is refused as it comes, and what came is removed. */
export interface FileLimits {
  readonly upload: number;
  /** Of all uploads of a tenant that no job took yet. */
  readonly uploads: number;
  readonly stdin: number;
  readonly out: number;
  /** What one attempt sends of its cluster's folders. */
  readonly changes: number;
}

export const fileLimits: FileLimits = {upload: 4 * gib, uploads: 16 * gib, stdin: 4 * gib, out: 4 * gib, changes: 16 * gib};
const lookEvery = 64 * 1024 ** 2;
const uploadKeptMs = 24 * 3_600_000;

/** Files that go with jobs: uploads, what is fed to their stdin, and what they bring back. */
export class JobFiles {
  readonly #places: BlobPlaces;
  readonly #files: OpenFiles;
  readonly #limits: FileLimits;

  constructor(places: BlobPlaces, files: OpenFiles, limits: FileLimits) {
    this.#places = places;
    this.#files = files;
    this.#limits = limits;
  }

  /** Whole or not at all; the id is random. `BODY_TOO_LARGE`; `LIMIT_REACHED` where the tenant's waiting ones are too many. */
  async upload(tenant: string, bytes: AsyncIterable<Uint8Array>): Promise<{blob: string; bytes: number}> {
    const blob = `u-${randomBase32(130)}`;
    const path = this.#places.upload(tenant, blob);
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    const part = `${path}.${newId('u').slice(2, 10)}`;
    const file = await open(part, 'wx', 0o600);
    let length = 0;
    let looked = -lookEvery;
    let room = 0;
    try {
      for await (const chunk of bytes) {
        // Others may be coming in at the same time: what lies there, this one's beginning with it, is added up now and then.
        if (length - looked >= lookEvery) {
          room = this.#limits.uploads - (await bytesIn(dirname(path)));
          looked = length;
        }
        length += chunk.length;
        if (length > this.#limits.upload) throw new BoxyardError('BODY_TOO_LARGE', {limit: this.#limits.upload});
        if (length - looked > room) throw uploadsFull(this.#limits.uploads);
        await file.writeFile(chunk);
      }
      await file.datasync();
    } catch (error) {
      await file.close();
      await rm(part, {force: true});
      throw error;
    }
    await file.close();
    await rename(part, path);
    return {blob, bytes: length};
  }

  /** The job owns the upload, or context of a build, from now on, or what an earlier job took; `NOT_FOUND` where the tenant has none of that id. */
  async take({tenant, id}: {readonly tenant: string; readonly id: string}, blob: string, earlier?: string): Promise<void> {
    const to = this.#places.taken(tenant, id, blob);
    await mkdir(dirname(to), {recursive: true, mode: 0o700});
    const earlierPlaces = earlier === undefined ? [] : [this.#places.taken(tenant, earlier, blob)];
    const own = /^[0-9a-f]{64}$/.test(blob) ? this.#places.context(tenant, blob) : this.#places.upload(tenant, blob);
    for (const from of [own, ...earlierPlaces]) {
      const taken = await linkOrCopy(from, to);
      if (taken) return;
    }
    throw new BoxyardError('NOT_FOUND', {what: 'upload', name: blob, hint: 'POST /v1/uploads makes one; it is kept for a day.'});
  }

  async hasUpload(tenant: string, blob: string): Promise<boolean> {
    return stat(this.#places.upload(tenant, blob)).then(
      () => true,
      () => false,
    );
  }

  uploadPath(tenant: string, blob: string): string {
    return this.#places.upload(tenant, blob);
  }

  taken(tenant: string, job: string, blob: string): string {
    return this.#places.taken(tenant, job, blob);
  }

  async dropOldUploads(now: number): Promise<void> {
    const root = join(this.#places.dir, 'uploads');
    for (const tenant of await readdir(root).catch(() => []))
      for (const name of await readdir(join(root, tenant)).catch(() => [])) {
        const path = join(root, tenant, name);
        const found = await stat(path).catch(() => undefined);
        if (found !== undefined && now - found.mtimeMs > uploadKeptMs) await rm(path, {force: true});
      }
  }

  async writeStdin(tenant: string, job: string, offset: number, bytes: Uint8Array): Promise<number> {
    const limit = this.#limits.stdin;
    if (offset + bytes.length > limit) throw new BoxyardError('BODY_TOO_LARGE', {limit}, {message: `A job takes ${limit} bytes of stdin.`});
    const file = await this.#files.open(this.#places.stdin(tenant, job));
    await file.append(offset, bytes);
    await file.sync();
    this.#files.changed(file.path);
    return file.length;
  }

  async stdin(tenant: string, job: string): Promise<{length: number; ended: boolean; end?: number | undefined}> {
    const path = this.#places.stdin(tenant, job);
    const known = this.#files.find(path);
    const length = known === undefined ? ((await stat(path).catch(() => undefined))?.size ?? 0) : (await known).length;
    const end = await readFile(`${path}.end`, 'utf8').then(Number, () => undefined);
    return {length, ended: end !== undefined, ...(end === undefined ? {} : {end})};
  }

  async endStdin(tenant: string, job: string, length: number): Promise<void> {
    const path = this.#places.stdin(tenant, job);
    const have = await this.stdin(tenant, job);
    if (have.ended) return;
    if (length !== have.length) throw new BoxyardError('CONFLICT', {what: 'stdin', issue: `has ${have.length} bytes, not ${length}`});
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    await writeFile(`${path}.end`, String(length), {mode: 0o600, flush: true});
    this.#files.changed(path);
  }

  /** All of it, for a job that nobody has heard of yet: whole or not at all. */
  async setStdin(tenant: string, job: string, text: string): Promise<void> {
    const path = this.#places.stdin(tenant, job);
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    const part = `${path}.${newId('u').slice(2, 10)}`;
    await writeFile(part, text, {mode: 0o600, flush: true});
    await rename(part, path);
    await writeFile(`${path}.end`, String(Buffer.byteLength(text)), {mode: 0o600, flush: true});
  }

  stdinPath(tenant: string, job: string): string {
    return this.#places.stdin(tenant, job);
  }

  watchStdin(tenant: string, job: string, watcher: () => void): () => void {
    return this.#files.watch(this.#places.stdin(tenant, job), watcher);
  }

  /** The archive of `out` as it comes in; renamed when whole. */
  openOut(tenant: string, job: string, attempt: number, from: number): Promise<OutFile> {
    return openOut(this.#places.out(tenant, job, attempt), from, this.#limits.out);
  }

  /** What an attempt changed in its cluster's folders, as it comes in; renamed when whole. */
  openChanges(tenant: string, job: string, attempt: number): Promise<OutFile> {
    return openOut(this.#places.changes(tenant, job, attempt), 0, this.#limits.changes);
  }

  changesPath(tenant: string, job: string, attempt: number): string {
    return this.#places.changes(tenant, job, attempt);
  }

  async dropChanges(tenant: string, job: string, attempt: number): Promise<void> {
    await rm(this.#places.changes(tenant, job, attempt), {force: true});
  }

  /** What was noted of an attempt under that name. */
  async note(tenant: string, job: string, {attempt, name}: {readonly attempt: number; readonly name: string}): Promise<string | undefined> {
    return readFile(this.#places.note(tenant, job, attempt, name), 'utf8').catch(() => undefined);
  }

  /** Whole or not at all, and on disk when it resolves. */
  async putNote(
    tenant: string,
    job: string,
    note: {readonly attempt: number; readonly name: string; readonly text: string},
  ): Promise<void> {
    const path = this.#places.note(tenant, job, note.attempt, note.name);
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    const part = `${path}.${newId('u').slice(2, 10)}`;
    await writeFile(part, note.text, {mode: 0o600, flush: true});
    await rename(part, path);
  }

  async out(tenant: string, job: string, attempt: number): Promise<{bytes: number; read(): AsyncIterable<Uint8Array>}> {
    const path = this.#places.out(tenant, job, attempt);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'output archive of job', name: job});
    return {bytes: found.size, read: () => createReadStream(path)};
  }

  /** Whole or not at all, and safely on disk when it resolves. It counts once a record names it. */
  async writeResult(tenant: string, job: string, ref: ResultRef, json: string): Promise<void> {
    const path = this.#places.result(tenant, job, ref);
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    const part = `${path}.${newId('u').slice(2, 10)}`;
    await writeFile(part, json, {mode: 0o600, flush: true});
    await rename(part, path);
  }

  /** Undefined where there is none, or none any more. */
  async result(tenant: string, job: string, ref: ResultRef): Promise<string | undefined> {
    return readFile(this.#places.result(tenant, job, ref), 'utf8').catch(() => undefined);
  }

  /** Nobody names it, or names it any more. */
  dropResult(tenant: string, job: string, ref: ResultRef): Promise<void> {
    return rm(this.#places.result(tenant, job, ref), {force: true});
  }

  /** Everything of a job; after its history is over. */
  async remove(tenant: string, job: string): Promise<void> {
    const dir = this.#places.job(tenant, job);
    await this.#files.forget(`${dir}/`);
    await rm(dir, {recursive: true, force: true});
  }
}

const uploadsFull = (limit: number) =>
  new BoxyardError('LIMIT_REACHED', {limit, what: 'bytes of uploads that no job took yet', hint: 'They go after a day.'});

async function bytesIn(dir: string): Promise<number> {
  const sizes = (await readdir(dir)).map(name =>
    stat(join(dir, name)).then(
      found => found.size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT') return false;
    // A file system without links.
    await copyFile(from, to);
    return true;
  }
}
