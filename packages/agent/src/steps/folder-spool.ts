import {createHash} from 'node:crypto';
import {open, type FileHandle} from 'node:fs/promises';
import type {FolderChanges, FolderFile} from '@boxyard/core/protocol';

/** What changed in folders, on its way into one file: bytes first, the list of them behind. */
export class FolderSpool {
  readonly #file: FileHandle;
  readonly #changes: {contents: {hash: string; bytes: number}[]; files: FolderFile[]; gone: string[]} = {contents: [], files: [], gone: []};
  readonly #has: Set<string>;
  #length = 0;

  private constructor(file: FileHandle, known: ReadonlySet<string>) {
    this.#file = file;
    this.#has = new Set(known);
  }

  /** Bytes of `known` hashes need not be sent. */
  static async open(path: string, known: ReadonlySet<string>): Promise<FolderSpool> {
    return new FolderSpool(await open(path, 'w', 0o600), known);
  }

  get count(): number {
    return this.#changes.files.length + this.#changes.gone.length;
  }

  /** Keeps the bytes unless they are known, and resolves to what they hash to. `onBytes` hears of each chunk and may throw. */
  async bytes(source: AsyncIterable<Uint8Array>, onBytes: (length: number) => void): Promise<{hash: string; bytes: number}> {
    const hash = createHash('sha256');
    const from = this.#length;
    let at = from;
    for await (const chunk of source) {
      onBytes(chunk.length);
      hash.update(chunk);
      for (let done = 0; done < chunk.length;) done += (await this.#file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
      at += chunk.length;
    }
    const found = {hash: hash.digest('hex'), bytes: at - from};
    // What follows is written over it.
    if (this.#has.has(found.hash)) return found;
    this.#has.add(found.hash);
    this.#length = at;
    this.#changes.contents.push(found);
    return found;
  }

  file(file: FolderFile): void {
    this.#changes.files.push(file);
  }

  gone(path: string): void {
    this.#changes.gone.push(path);
  }

  /** The length of the whole file. */
  async finish(): Promise<number> {
    const json = Buffer.from(JSON.stringify(this.#changes satisfies FolderChanges));
    const tail = Buffer.alloc(4);
    tail.writeUInt32BE(json.length);
    await this.#file.truncate(this.#length);
    await this.#file.write(Buffer.concat([json, tail]), 0, json.length + 4, this.#length);
    return this.#length + json.length + 4;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
