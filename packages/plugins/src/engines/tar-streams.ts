/** tar-stream's streams are streamx's, which act as Node's but are typed as their own. */
import type {Readable, Writable} from 'node:stream';
import {extract, pack, type Header} from 'tar-stream';

export type TarHeader = Partial<Header> & Pick<Header, 'name'>;

export interface TarEntry extends Readable {
  readonly header: Header;
}

/** Takes an archive apart; entries must be read or drained one by one. */
export const openTar = (): Writable & AsyncIterable<TarEntry> => extract() as unknown as Writable & AsyncIterable<TarEntry>;

export interface TarWriter extends Readable {
  /** A file's bytes go into the result; what is no file needs none. */
  entry(header: TarHeader): Writable;
  finalize(): void;
}

export const writeTar = (): TarWriter => pack() as unknown as TarWriter;
