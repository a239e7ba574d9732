/**
 * The smallest program that ends with 0, for the machines an engine may run on: an ELF header, one segment, three
 * instructions. With it a container can be tried before any image is here.
 */
const BASE = 0x400000n;
const HEADER = 64;
const SEGMENT = 56;

const CODE: Readonly<Record<string, {readonly machine: number; readonly bytes: readonly number[]}>> = {
  // xor edi, edi; mov eax, 60; syscall
  amd64: {machine: 62, bytes: [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05]},
  // mov x0, 0; mov x8, 93; svc 0
  arm64: {machine: 183, bytes: [0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4]},
};

/** Undefined for a machine nobody wrote the three instructions for. */
export const trialProgram = (arch: string): Buffer | undefined => {
  const code = CODE[arch];
  if (code === undefined) return undefined;
  const start = HEADER + SEGMENT;
  const file = Buffer.alloc(start + code.bytes.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(code.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BASE + BigInt(start), 24);
  file.writeBigUInt64LE(BigInt(HEADER), 32);
  file.writeUInt16LE(HEADER, 52);
  file.writeUInt16LE(SEGMENT, 54);
  file.writeUInt16LE(1, 56);
  // Loadable, readable and executable: the whole file.
  file.writeUInt32LE(1, HEADER);
  file.writeUInt32LE(5, HEADER + 4);
  file.writeBigUInt64LE(BASE, HEADER + 16);
  file.writeBigUInt64LE(BASE, HEADER + 24);
  file.writeBigUInt64LE(BigInt(file.length), HEADER + 32);
  file.writeBigUInt64LE(BigInt(file.length), HEADER + 40);
  file.writeBigUInt64LE(0x1000n, HEADER + 48);
  file.set(code.bytes, start);
  return file;
};

/** This machine's, as engines call it. */
export const thisArchitecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);

/** The image of a trial is there for a second; the beginning of its name. */
export const TRIAL_IMAGE = 'localhost/boxyard-probe';
