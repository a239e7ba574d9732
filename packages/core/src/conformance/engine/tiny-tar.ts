/** Archives as bytes, good ones and bad ones, without a library that would refuse to write the bad ones. */
export interface TarItem {
  readonly name: string;
  readonly data?: string | Uint8Array;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `3` character device, `5` folder, `6` fifo. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
}

const BLOCK = 512;

export const tarOf = (items: readonly TarItem[]): Buffer => Buffer.concat([...items.flatMap(blocksOf), Buffer.alloc(BLOCK * 2)]);

const blocksOf = ({name, data = '', type = '0', link = '', mode = 0o644}: TarItem): Buffer[] => {
  const body = Buffer.from(data);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(body.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\0' + '00', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ) + '\0 ',
    148,
  );
  return [header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
};

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** Names and contents of a plain archive; long names and extended headers are not needed here. */
export const readTar = (bytes: Buffer): Map<string, string> => {
  const found = new Map<string, string>();
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const text = (from: number, length: number): string => bytes.toString('latin1', at + from, at + from + length).split('\0', 1)[0] ?? '';
    const size = Number.parseInt(text(124, 12), 8) || 0;
    found.set(text(0, 100).replace(/\/$/, ''), bytes.toString('utf8', at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
};
