import {type FileHandle, open, readFile, stat} from 'node:fs/promises';

/** The byte at `offset` came at `at` (ms); those before it no later. */
export interface TimeMark {
  readonly offset: number;
  readonly at: number;
}

/** Bytes came at most so much after the mark before them. */
export const markEveryMs = 1_000;

/**
 * When a stream's bytes came, in the sidecar `<file>.times`: a line `offset time` for the first byte of each second in which any
 * came. What comes within one second writes nothing: the file's own time says it. A mark that cannot be written is left out.
 */
export class TimeMarks {
  readonly #path: string;
  /** Not written before there is a second one. */
  #first: TimeMark | undefined;
  #lastAt: number;
  #file: FileHandle | undefined;

  /** `first`: what the file's own time says of the bytes that are there. */
  constructor(path: string, first: TimeMark | undefined) {
    this.#path = `${path}.times`;
    this.#first = first;
    this.#lastAt = first?.at ?? Number.NEGATIVE_INFINITY;
  }

  async note(offset: number, at: number): Promise<void> {
    if (at - this.#lastAt < markEveryMs) return;
    this.#lastAt = at;
    if (this.#first === undefined && offset === 0) {
      this.#first = {offset, at};
      return;
    }
    try {
      this.#file ??= await open(this.#path, 'a', 0o600);
      const isNew = (await this.#file.stat()).size === 0;
      await this.#file.write(`${isNew && this.#first !== undefined ? lineOf(this.#first) : ''}${lineOf({offset, at})}`);
    } catch {
      // The bytes count for more; those of this mark are told the time of the one before.
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

const lineOf = ({offset, at}: TimeMark): string => `${offset} ${Math.round(at)}\n`;

/** In order of offset; none where nothing has come. Several servers may have written, and a crash may have cut off a line. */
export async function readTimeMarks(path: string): Promise<readonly TimeMark[]> {
  const text = await readFile(`${path}.times`, 'utf8').catch(() => '');
  const marks = [...text.matchAll(/^(\d+) (\d+)\n/gm)].map(([, offset, at]) => ({offset: Number(offset), at: Number(at)}));
  if (marks.length > 0) return marks.toSorted((a, b) => a.offset - b.offset || a.at - b.at);
  const found = await stat(path).catch(() => undefined);
  return found === undefined || found.size === 0 ? [] : [{offset: 0, at: found.mtimeMs}];
}
