import type {TarHeader} from './tar-streams.ts';

const FLAGS: Readonly<Record<string, string>> = {file: '0', link: '1', symlink: '2', directory: '5'};
const BLOCK = 512;
const NAME = 100;
const LARGEST_OCTAL = 8 ** 11 - 1;

/**
 * One entry's header as every tar reads it: names are their UTF-8 bytes, and those too long for their field come before it as
 * GNU's long names. Small boxes' tars skip the extended headers of POSIX, and would take each entry for one called PaxHeader.
 */
export const tarHeader = (header: TarHeader): Buffer => {
  const isFolder = header.type === 'directory' && !header.name.endsWith('/');
  const name = Buffer.from(isFolder ? `${header.name}/` : header.name);
  const link = Buffer.from(header.linkname ?? '');
  return Buffer.concat([...long('L', name), ...long('K', link), block(FLAGS[header.type ?? 'file'] ?? '0', name, {...header, link})]);
};

/** What follows the bytes of an entry up to the next block. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

export const tarEnd = (): Buffer => Buffer.alloc(BLOCK * 2);

const long = (flag: string, text: Buffer): Buffer[] => {
  if (text.length <= NAME) return [];
  const content = Buffer.concat([text, Buffer.alloc(1)]);
  return [block(flag, Buffer.from('././@LongLink'), {size: content.length}), content, tarPadding(content.length)];
};

type Fields = Omit<Partial<TarHeader>, 'name'> & {readonly link?: Buffer};

const block = (flag: string, name: Buffer, {size = 0, mode = 0o644, uid = 0, gid = 0, mtime, link}: Fields): Buffer => {
  const buffer = Buffer.alloc(BLOCK);
  name.copy(buffer, 0, 0, NAME);
  octal(buffer, mode, 100, 8);
  octal(buffer, uid, 108, 8);
  octal(buffer, gid, 116, 8);
  writeSize(buffer, size);
  octal(buffer, Math.max(0, Math.floor((mtime?.getTime() ?? 0) / 1_000)), 136, 12);
  buffer.write(flag, 156);
  link?.copy(buffer, 157, 0, NAME);
  buffer.write('ustar  \0', 257);
  buffer.fill(' ', 148, 156);
  const sum = buffer.reduce((total, byte) => total + byte, 0);
  buffer.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return buffer;
};

const octal = (buffer: Buffer, value: number, at: number, length: number): void => {
  const most = 8 ** (length - 1) - 1;
  buffer.write(
    `${Math.min(value, most)
      .toString(8)
      .padStart(length - 1, '0')}\0`,
    at,
  );
};

/** From 8 GiB on as a binary number. */
const writeSize = (buffer: Buffer, size: number): void => {
  if (size <= LARGEST_OCTAL) return octal(buffer, size, 124, 12);
  buffer[124] = 0x80;
  buffer.writeBigUInt64BE(BigInt(size), 128);
};
