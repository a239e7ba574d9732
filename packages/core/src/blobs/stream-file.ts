import {constants} from 'node:fs';
import {type FileHandle, mkdir, open, readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {BoxyardError} from '../errors/index.ts';
import type {Gap} from '../protocol/index.ts';
import {TimeMarks} from './time-marks.ts';
import {mergeGaps, mostGapBytes, mostGaps} from './rules-gaps.ts';

/**
 * One stream of bytes as a file whose own length is what is had (R2). A gap is a hole in the file, named in the sidecar
 * `<file>.gaps`, so offsets stay the writer's. Appends are in order; a repeat is cut off, a jump is refused.
 */
export class StreamFile {
  readonly path: string;
  #gaps: readonly Gap[];
  readonly #file: FileHandle;
  readonly #side: {file?: FileHandle};
  readonly #times: TimeMarks;
  readonly #now: () => number;
  #length: number;
  #stored: number;
  #tail: Promise<unknown> = Promise.resolve();
  lastUse = performance.now();

  private constructor(path: string, file: FileHandle, {length, gaps, changedAt, now}: Found) {
    this.path = path;
    this.#now = now;
    this.#times = new TimeMarks(path, length === 0 ? undefined : {offset: 0, at: changedAt});
    this.#file = file;
    this.#side = {};
    this.#length = length;
    this.#stored = length;
    this.#gaps = gaps;
  }

  /** `now`: when bytes come. */
  static async open(path: string, now: () => number = Date.now): Promise<StreamFile> {
    const file = await openOrMake(path);
    const {size, mtimeMs} = await file.stat();
    return new StreamFile(path, file, {length: size, gaps: size === 0 ? [] : await readGaps(path), changedAt: mtimeMs, now});
  }

  /** Written, perhaps not yet on disk. */
  get length(): number {
    return this.#length;
  }

  /** Merged: touching ones of a reason are one. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** On disk as of the last `sync`. */
  get stored(): number {
    return this.#stored;
  }

  /** Resolves to the bytes taken: fewer where the beginning is a repeat, -1 where `offset` lies beyond what is had. */
  append(offset: number, bytes: Uint8Array): Promise<number> {
    return this.#after(async () => {
      if (offset > this.#length) return -1;
      const fresh = bytes.subarray(Math.min(bytes.length, this.#length - offset));
      if (fresh.length === 0) return 0;
      const at = this.#length;
      await writeAll(this.#file, fresh, at);
      this.#length += fresh.length;
      await this.#times.note(at, this.#now());
      return fresh.length;
    });
  }

  /**
   * Marks what will not come. A gap that begins before the end is of bytes that are here: only its rest is taken. Repeats do
   * nothing; `INVALID_INPUT` for one that is longer than any output, or one more than any stream has.
   */
  skip(gap: Gap): Promise<void> {
    return this.#after(async () => {
      const isNote = gap.reason === 'engine-log';
      const from = isNote ? gap.from : Math.max(gap.from, this.#length);
      if (from >= gap.to || (!isNote && gap.from > this.#length)) return;
      if (isNote && this.#gaps.some(known => known.from <= from && known.to >= gap.to)) return;
      if (gap.to - from > mostGapBytes) throw refused(`${gap.to - from} bytes`);
      const kept: Gap = {...gap, from};
      const gaps = mergeGaps([...this.#gaps, kept]);
      if (gaps.length > mostGaps) throw refused(`more than ${mostGaps} of them`);
      await this.#note(kept);
      this.#gaps = gaps;
      if (isNote) return;
      await this.#file.truncate(gap.to);
      this.#length = gap.to;
    });
  }

  /** Everything written before is on disk when it resolves. */
  sync(): Promise<void> {
    return this.#after(async () => {
      if (this.#stored === this.#length) return;
      const length = this.#length;
      await this.#file.datasync();
      this.#stored = length;
    });
  }

  async read(from: number, most: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.min(most, Math.max(0, this.#length - from)));
    const {bytesRead} = await this.#file.read(buffer, 0, buffer.length, from);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.sync().catch(() => undefined);
    await this.#side.file?.close();
    await this.#times.close();
    await this.#file.close();
  }

  async #note(gap: Gap): Promise<void> {
    this.#side.file ??= await open(`${this.path}.gaps`, 'a', 0o600);
    await this.#side.file.write(`${JSON.stringify(gap)}\n`);
    await this.#side.file.datasync();
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    this.lastUse = performance.now();
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

interface Found {
  readonly length: number;
  readonly gaps: Gap[];
  readonly changedAt: number;
  readonly now: () => number;
}

const refused = (issue: string) => new BoxyardError('INVALID_INPUT', {field: 'output.gap', issue});

/** Each hop to the file system is waited for by somebody's first byte: the folder is made only where it is missing. */
async function openOrMake(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    return open(path, flags, 0o600);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const {bytesWritten} = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Merged. A last line that a crash cut off is left out. */
export async function readGaps(path: string): Promise<Gap[]> {
  const text = await readFile(`${path}.gaps`, 'utf8').catch(() => '');
  const gaps: Gap[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      gaps.push(JSON.parse(line) as Gap);
    } catch {
      continue;
    }
  }
  return mergeGaps(gaps);
}
