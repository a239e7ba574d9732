import {open, rm, type FileHandle} from 'node:fs/promises';
import {promisify} from 'node:util';
import {deflate} from 'node:zlib';
import {SIGNATURE, chunk, headerOf, rowsOf, type Pixels} from './png.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

const END = chunk('IEND', Buffer.alloc(0));
const CONTROL_AT = SIGNATURE.length + chunk('IHDR', Buffer.alloc(13)).length;
const MOST_DELAY = 65_535;
const packed = promisify(deflate);

/**
 * An animated PNG that grows on disk, picture by picture: after each it is whole, so that a program that is killed leaves what
 * it had shown. Of every picture but the first only a part is written, which takes the place of what was there. Calls must not
 * overlap. Nothing of it is kept in memory.
 */
export class AnimatedPng {
  readonly width: number;
  readonly height: number;
  readonly #file: FileHandle;
  #length = 0;
  #sequence = 0;
  #pictures = 0;
  /** Of the newest picture, whose time is written when the next one comes. */
  #last: {readonly at: number; readonly offset: number; readonly sequence: number; readonly area: Place & Size} | undefined;

  private constructor(file: FileHandle, {width, height}: Size) {
    this.#file = file;
    this.width = width;
    this.height = height;
  }

  /** The file is the writer's from now on; `first` fills it, shown from `at` on (milliseconds, as all times here). */
  static async begin(file: FileHandle, first: Pixels, at: number): Promise<AnimatedPng> {
    const png = new AnimatedPng(file, first);
    const head = Buffer.concat([SIGNATURE, chunk('IHDR', headerOf(first)), controlOf(0)]);
    await file.write(Buffer.concat([head, END]), 0, undefined, 0);
    png.#length = head.length;
    await png.add(first, {x: 0, y: 0}, at);
    return png;
  }

  get pictures(): number {
    return this.#pictures;
  }

  /** From `at` on these pixels are shown there. Where it rejects the file is as it was before. */
  async add(pixels: Pixels, {x, y}: Place, at: number): Promise<void> {
    const before = {length: this.#length, sequence: this.#sequence};
    const area = {x, y, width: pixels.width, height: pixels.height};
    const data = await packed(rowsOf(pixels), {level: 3});
    const picture = {at, offset: this.#length, sequence: this.#sequence++, area};
    const frame = frameOf(picture.sequence, area, 0);
    const body = this.#pictures === 0 ? chunk('IDAT', data) : chunk('fdAT', Buffer.concat([u32(this.#sequence++), data]));
    try {
      // In this order it is a picture with a tail nobody reads, wherever it breaks off.
      await this.#write(Buffer.concat([frame, body, END]), this.#length);
      this.#length += frame.length + body.length;
      await this.#date(at);
      await this.#write(controlOf(this.#pictures + 1), CONTROL_AT);
    } catch (error) {
      this.#length = before.length;
      this.#sequence = before.sequence;
      await this.#close().catch(() => undefined);
      throw error;
    }
    this.#pictures += 1;
    this.#last = picture;
  }

  /** The newest picture was shown until `at`. The file is closed. */
  async end(at: number): Promise<void> {
    try {
      await this.#date(at);
    } finally {
      await this.#file.close();
    }
  }

  async #date(until: number): Promise<void> {
    if (this.#last === undefined) return;
    const {at, offset, sequence, area} = this.#last;
    await this.#write(frameOf(sequence, area, until - at), offset);
  }

  async #close(): Promise<void> {
    await this.#write(END, this.#length);
    await this.#file.truncate(this.#length + END.length);
  }

  async #write(bytes: Buffer, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const {bytesWritten} = await this.#file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }
}

/** A new file; one that is there already is left alone (`EEXIST`). `discard` removes it. */
export async function newFile(path: string): Promise<{readonly file: FileHandle; discard(): Promise<void>}> {
  const file = await open(path, 'wx');
  return {
    file,
    async discard() {
      await file.close();
      await rm(path, {force: true});
    },
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeUInt32BE(value, at * 4));
  return bytes;
};

/** Played without end. */
const controlOf = (pictures: number): Buffer => chunk('acTL', u32(pictures, 0));

/** What is there is replaced, and stays. */
function frameOf(sequence: number, {x, y, width, height}: Place & Size, shownMs: number): Buffer {
  const tail = Buffer.alloc(6);
  const [amount, parts] = delayOf(Math.max(0, Math.round(shownMs)));
  tail.writeUInt16BE(amount, 0);
  tail.writeUInt16BE(parts, 2);
  return chunk('fcTL', Buffer.concat([u32(sequence, width, height, x, y), tail]));
}

/** The finest parts of a second in which it fits: 18 hours in whole ones. */
function delayOf(ms: number): readonly [number, number] {
  for (const parts of [1_000, 100, 10]) {
    const amount = Math.round((ms * parts) / 1_000);
    if (amount <= MOST_DELAY) return [amount, parts];
  }
  return [Math.min(MOST_DELAY, Math.round(ms / 1_000)), 1];
}
