import {open, stat} from 'node:fs/promises';
import type {Gap, LogEnd, OutputName} from '../protocol/index.ts';
import type {OpenFiles} from './open-files.ts';
import type {BlobPlaces} from './places.ts';
import {type StreamFile, readGaps} from './stream-file.ts';
import {type TimeMark, readTimeMarks} from './time-marks.ts';

export interface StreamOf {
  readonly tenant: string;
  readonly job: string;
  readonly attempt: number;
  readonly name: OutputName;
}

export const outputNames: readonly OutputName[] = ['stdout', 'stderr', 'log'];
const chunkBytes = 64 * 1024;

/** What jobs wrote. Several servers may write one stream at once: they can only write the same bytes twice. */
export class JobOutput {
  readonly #places: BlobPlaces;
  readonly #files: OpenFiles;
  readonly #mostBytes: number;

  constructor(places: BlobPlaces, files: OpenFiles, mostBytes: number) {
    this.#places = places;
    this.#files = files;
    this.#mostBytes = mostBytes;
  }

  async length(of: StreamOf): Promise<number> {
    const path = this.#path(of);
    const known = this.#files.find(path);
    if (known !== undefined) return (await known).length;
    return (await stat(path).catch(() => undefined))?.size ?? 0;
  }

  open(of: StreamOf): Promise<StreamFile> {
    return this.#files.open(this.#path(of));
  }

  /** Appends what is new; bytes over the cap of a job become a gap. `onStored` hears the length that is safely on disk. */
  async append(of: StreamOf, offset: number, bytes: Uint8Array, onStored: (length: number) => void): Promise<number> {
    const file = await this.open(of);
    if (offset + bytes.length > this.#mostBytes && offset >= file.length) {
      await this.skip(of, {stream: of.name, from: file.length, to: offset + bytes.length, reason: 'cap'}, onStored);
      return bytes.length;
    }
    const taken = await file.append(offset, bytes);
    if (taken >= 0) this.#files.written(file, bytes.length, () => onStored(file.stored));
    return taken;
  }

  async skip(of: StreamOf, gap: Gap, onStored: (length: number) => void): Promise<void> {
    const file = await this.open(of);
    await file.skip(gap);
    this.#files.written(file, 1, () => onStored(file.stored));
  }

  async have(tenant: string, job: string, attempt: number): Promise<{have: LogEnd; gaps: Gap[]}> {
    const have = {stdout: 0, stderr: 0, log: 0};
    const gaps: Gap[] = [];
    for (const name of outputNames) {
      const of = {tenant, job, attempt, name};
      have[name] = await this.length(of);
      if (have[name] > 0) gaps.push(...(await this.gaps(of)));
    }
    return {have, gaps};
  }

  async gaps(of: StreamOf): Promise<readonly Gap[]> {
    const path = this.#path(of);
    const known = this.#files.find(path);
    return known === undefined ? readGaps(path) : (await known).gaps;
  }

  /** When its bytes came to a server, to the second; see `TimeMark`. */
  async times(of: StreamOf): Promise<{readonly marks: readonly TimeMark[]; readonly length: number}> {
    const length = await this.length(of);
    return {marks: await readTimeMarks(this.#path(of)), length};
  }

  /** What there is at `from`: bytes up to the next gap, a gap, or undefined at the end. */
  async read(of: StreamOf, from: number): Promise<{offset: number; bytes: Uint8Array} | {gap: Gap} | undefined> {
    const length = await this.length(of);
    if (from >= length) return undefined;
    const holes = (await this.gaps(of)).filter(gap => gap.reason !== 'engine-log');
    const inside = holes.find(gap => gap.from <= from && gap.to > from);
    if (inside !== undefined) return {gap: inside};
    const next = Math.min(length, ...holes.filter(gap => gap.from > from).map(gap => gap.from));
    const most = Math.min(chunkBytes, next - from);
    const known = await this.#files.find(this.#path(of));
    const again = () => readPart(this.#path(of), from, most);
    // One that was closed as idle in this moment is read like any other.
    const bytes = await (known?.read(from, most).catch(again) ?? again());
    return bytes.length === 0 ? undefined : {offset: from, bytes};
  }

  watch(of: StreamOf, watcher: () => void): () => void {
    return this.#files.watch(this.#path(of), watcher);
  }

  #path(of: StreamOf): string {
    return this.#places.output(of.tenant, of.job, of.attempt, of.name);
  }
}

export async function readPart(path: string, from: number, most: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(0, most));
    const {bytesRead} = await file.read(buffer, 0, buffer.length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
